//! Files that a server replaces.

use granary_test_repository::{Format, Settings};

use crate::support::{Granary, repository, silo_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_replaced_behind_its_url_is_found_by_redownload_and_the_old_one_stays() {
    for format in [Format::OaiDc, Format::Landing] {
        let server = repository(Settings { items: 4, format, ..Settings::default() }).await;
        let (granary, silo) = (Granary::new(), silo_of(&server));
        granary.expect(0, &["harvest", &server.oai(), "--kind", "oai"]);
        let (old, other) = (server.file(3, 1), server.file(3, 2));
        // The metadata is not harvested again: for the mirror, only the file has changed.
        server.change(3);
        server.clear_log();
        granary.expect(0, &["reprocess", &silo]);
        granary.expect(0, &["work", "--drain"]);
        assert_eq!(granary.manifest(&silo, 3)["versions"], serde_json::json!(["1"]), "nothing is missing");
        assert!(server.log().is_empty(), "{:?}", server.log());
        granary.expect(0, &["reprocess", &silo, "--redownload"]);
        granary.expect(0, &["work", "--drain"]);
        let statuses = |status| {
            server.log().iter().filter(|logged| logged.path.contains(".") && logged.status == status).count()
        };
        assert_eq!((statuses(304), statuses(200)), (7, 1), "{format:?}: all but one are as they were");
        let manifest = granary.manifest(&silo, 3);
        assert_eq!(manifest["versions"], serde_json::json!(["1", "2"]), "{format:?}");
        let read = |path: &str| std::fs::read(granary.object(&silo, 3).join(path)).unwrap();
        assert_eq!((read("__1/paper.pdf"), read("__2/paper.pdf")), (old, server.file(3, 1)), "{format:?}");
        let inventory = &manifest["granary"]["versions"]["2"]["inventory"];
        assert_eq!(read(inventory["data.txt"]["path"].as_str().unwrap()), other);
        assert_eq!(inventory["data.txt"]["path"], "__1/data.txt");
        granary.expect(0, &["verify"]);
        // Now the record says so too.
        let report = granary.json(0, &["harvest"]).pop().unwrap();
        assert_eq!((&report["updated"], &report["files"]), (&1.into(), &0.into()), "{format:?}");
        assert_eq!(
            granary.manifest(&silo, 3)["granary"]["versions"]["3"]["inventory"]["paper.pdf"]["path"],
            "__2/paper.pdf"
        );
    }
}
