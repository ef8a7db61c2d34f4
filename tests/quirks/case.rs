//! A repository that has a quirk, and an empty granary.

use std::collections::BTreeSet;

use granary_test_repository::{Kind, Quirk, Server, Settings};
use serde_json::Value;

use crate::support::{Ended, Granary, repository, silo_of};

/// How many items the repository has, and a page of its lists. Item 8 is the one that is broken, where one is.
pub(crate) const ITEMS: u32 = 25;
pub(crate) const PAGE: u32 = 10;

pub(crate) struct Case {
    pub(crate) server: Server,
    pub(crate) granary: Granary,
    pub(crate) silo: String,
}

impl Case {
    pub(crate) async fn new(quirk: Quirk) -> Self {
        Self::with(Settings { quirks: vec![quirk], ..Self::settings() }).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let server = repository(settings).await;
        let silo = silo_of(&server);
        Self { server, granary: Granary::new(), silo }
    }

    /// Those of all cases: ListRecords in `oai_dc`.
    pub(crate) fn settings() -> Settings {
        Settings { items: ITEMS, page_size: PAGE, kind: Kind::DublinCore, ..Settings::default() }
    }

    /// Harvests for the first time; `more` are options. Gives the report.
    #[track_caller]
    pub(crate) fn first(&self, code: i32, more: &[&str]) -> Value {
        let url = self.server.oai();
        self.granary.json(code, &[&["harvest", &url, "--no-files"], more].concat()).pop().expect("a report")
    }

    /// Harvests again. Gives the report.
    #[track_caller]
    pub(crate) fn again(&self, code: i32, more: &[&str]) -> Value {
        self.granary.json(code, &[&["harvest", &self.silo], more].concat()).pop().expect("a report")
    }

    /// Harvests for the first time, which has to fail without a report.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, more: &[&str], texts: &[&str]) -> Ended {
        let url = self.server.oai();
        let ended = self.granary.expect(code, &[&["harvest", &url, "--no-files"], more].concat());
        assert_eq!(ended.stdout, "");
        says(&ended.stderr, texts);
        ended
    }

    /// All items have come, and nothing is amiss.
    #[track_caller]
    pub(crate) fn is_whole(&self, report: &Value) {
        let numbers = ["created", "failed", "gaps"].map(|name| report[name].as_u64().unwrap());
        assert_eq!(numbers, [u64::from(ITEMS), 0, 0], "{report}");
        self.holds(1..=ITEMS);
    }

    /// The granary holds these items and no others.
    #[track_caller]
    pub(crate) fn holds(&self, items: impl IntoIterator<Item = u32>) {
        let objects = self.granary.json(0, &["ls", &self.silo]);
        let held: BTreeSet<u32> = objects.iter().map(|object| item_of(&object["identifier"])).collect();
        assert_eq!(held, items.into_iter().collect::<BTreeSet<_>>());
    }

    /// The newest version of an item, as the manifest has it.
    #[track_caller]
    pub(crate) fn version(&self, item: u32) -> Value {
        let manifest = self.granary.manifest(&self.silo, item);
        let newest = manifest["versions"].as_array().unwrap().last().unwrap().as_str().unwrap().to_owned();
        manifest["granary"]["versions"][&newest].clone()
    }

    /// The metadata of an item, as it is stored.
    #[track_caller]
    pub(crate) fn metadata(&self, item: u32) -> String {
        let path = self.version(item)["inventory"]["oai_dc"]["path"].as_str().unwrap().to_owned();
        String::from_utf8(std::fs::read(self.granary.object(&self.silo, item).join(path)).unwrap()).unwrap()
    }

    #[track_caller]
    pub(crate) fn status(&self) -> Value {
        self.granary.json(0, &["status", &self.silo]).pop().unwrap()
    }

    /// What `status` says to people.
    #[track_caller]
    pub(crate) fn status_text(&self) -> String {
        self.granary.expect(0, &["status", &self.silo]).stdout
    }

    /// The queries of the endpoint so far.
    pub(crate) fn queries(&self) -> Vec<String> {
        let log = self.server.log().into_iter();
        log.filter(|logged| logged.path.ends_with("/oai2")).map(|logged| logged.query).collect()
    }
}

#[track_caller]
pub(crate) fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

/// The report warns of this.
#[track_caller]
pub(crate) fn warns(report: &Value, part: &str) {
    let warnings = report["warnings"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert!(warnings.iter().any(|warning| warning.as_str().unwrap().contains(part)), "{part:?}: {report}");
}

/// The number at the end of an identifier.
pub(crate) fn item_of(identifier: &Value) -> u32 {
    identifier.as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap()
}
