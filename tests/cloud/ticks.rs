//! The harvest function, cut short by its limit again and again.

use std::time::Duration;

use granary_test_repository::{Fault, Settings};

use crate::{
    stack::Cloud,
    support::{repository, silo_of, verbs},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_harvest_takes_many_ticks_loses_nothing_and_two_at_once_do_not_double() {
    let Some(cloud) = Cloud::find() else { return };
    let server = repository(Settings { items: 200, page_size: 20, ..Settings::default() }).await;
    let silo = silo_of(&server);
    server.fault("/cgi/oai2?verb=ListIdentifiers*", Fault::Slow { delay: Duration::from_millis(200) });
    let stack = cloud.deploy(&[("HarvestTimeout", "5")]);
    stack.expect(0, &["add", &server.oai()]);
    let mut ticks = 0;
    let report = stack.harvest(&silo, || {
        ticks += 1;
        // The schedule may come twice at once.
        stack.expect(0, &["start", "--only", "harvest"]);
        std::thread::sleep(Duration::from_secs(1));
    });
    assert!(ticks > 2, "{ticks} ticks are not many");
    let numbers = ["records", "created", "files", "failed"].map(|name| report[name].as_u64().unwrap());
    assert_eq!(numbers, [200, 200, 400, 0], "{report}\n{}", stack.log());
    stack.expect(0, &["verify"]);
    // Identify begins a run; one that goes on needs none.
    let identified = verbs(&server).iter().filter(|verb| *verb == "Identify").count();
    assert_eq!(identified, 1, "{:?}", verbs(&server));
}
