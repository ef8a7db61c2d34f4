//! Workers on machines of one's own, beside the functions.

use granary_test_repository::Settings;

use crate::{
    stack::Cloud,
    support::{fetched, repository, silo_of},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_beside_the_download_function_bring_the_whole_and_nothing_twice() {
    let Some(cloud) = Cloud::find() else { return };
    let server = repository(Settings { items: 150, ..Settings::default() }).await;
    let silo = silo_of(&server);
    let stack = cloud.deploy(&[]);
    stack.expect(0, &["add", &server.oai()]);
    let mut workers: Vec<_> = (0..2).map(|_| stack.command(&["-q", "work"]).spawn().unwrap()).collect();
    let report = stack.harvest(&silo, || {});
    for worker in &mut workers {
        let pid = i32::try_from(worker.id()).unwrap();
        std::process::Command::new("kill").args(["-TERM", &pid.to_string()]).status().unwrap();
        assert_eq!(worker.wait().unwrap().code(), Some(130), "a worker was stopped");
    }
    let numbers = ["records", "files", "failed"].map(|name| report[name].as_u64().unwrap());
    assert_eq!(numbers, [150, 300, 0], "{report}");
    stack.expect(0, &["verify"]);
    let twice: Vec<_> = fetched(&server).into_iter().filter(|(_, times)| *times > 1).collect();
    // The first items are looked at once more, to find out what kind of repository it is.
    assert!(twice.iter().all(|(path, times)| path.contains("/export/") && *times == 2), "{twice:?}");
}
