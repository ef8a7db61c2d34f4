//! What repositories, queues and logs say is text, whatever it says.

use granary_queue::{Burial, Select, Settled, Task};
use std::time::Duration;

use crate::place::{Place, ten, until};

const EVIL: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7777*7777}}";

/// A dead letter that says nothing but evil.
async fn bury(place: &Place, body: String) {
    place.queue.send_bodies(&[body]).await.unwrap();
    let message = place.queue.receive(1, Duration::from_secs(60), &Select::All).await.unwrap().remove(0);
    let settled =
        Settled { receipt: message.receipt.clone(), run: None, counters: granary_queue::Counters::default() };
    let burial = Burial { reason: EVIL.to_owned(), detail: EVIL.to_owned() };
    place.queue.bury(&message, &settled, &burial).await.unwrap();
}

#[tokio::test]
async fn whatever_others_say_is_text_on_every_page() {
    let place = Place::new(ten()).await;
    place.supervisor().set_workers(granary_supervisor::Switch::Off).unwrap();
    place.supervisor().set_schedule(granary_supervisor::Switch::Off).unwrap();
    until(async || {
        place
            .supervisor()
            .workers()
            .iter()
            .all(|worker| worker.state == granary_supervisor::WorkerState::Paused)
    })
    .await;
    let task = Task::new(format!("javascript:{EVIL}"), EVIL.to_owned(), EVIL.to_owned(), "maths".to_owned());
    bury(&place, task.to_body()).await;
    bury(&place, EVIL.to_owned()).await;
    place.queue.send(&[task]).await.unwrap();
    let mut source = place.source("maths");
    (source.sets, source.user_agent, source.template) =
        (vec![EVIL.to_owned()], Some(EVIL.to_owned()), Some(EVIL.to_owned()));
    place.granary.put_source(&source).await.unwrap();
    let local = place.granary.local().unwrap();
    let granary = local.parent().unwrap();
    let gap = serde_json::json!({"set": EVIL, "reason": EVIL, "time": EVIL});
    let state = serde_json::json!({
        "format": 1, "learned": {"repository_name": EVIL, "metadata_prefix": EVIL, "why": EVIL, "kind": "oai"}, "gaps": [gap],
        "failing": {"times": 1, "detail": EVIL, "again": "2020-01-01T00:00:00Z"}, "last_run": "20200101T000000Z-0001",
    });
    let problem = serde_json::json!({"identifier": EVIL, "detail": EVIL, "quarantined": EVIL});
    let report = serde_json::json!({
        "silo": "maths", "run": "20200101T000000Z-0001", "metadata_prefix": EVIL, "why": EVIL, "gaps": 1, "seconds": 1.0,
        "pages": 1, "records": 1, "deleted": 0, "created": 0, "updated": 0, "unchanged": 0, "files": 0, "bytes": 0, "failed": 1,
        "skipped": 0, "started": EVIL, "ended": EVIL, "watermark": EVIL, "problems": [problem], "open_gaps": [gap], "warnings": [EVIL],
    });
    for (path, document) in [("state/maths.json", state), ("runs/maths/20200101T000000Z-0001.json", report)] {
        let path = granary.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, document.to_string()).unwrap();
    }
    tracing::error!(silo = "maths", more = EVIL, "{EVIL}");

    for path in [
        "/",
        "/sources/maths",
        "/sources/maths/edit",
        "/sources/maths/remove",
        "/sources/maths/runs/20200101T000000Z-0001",
        "/queue",
        "/queue?silo=maths",
        "/log",
        "/log?silo=maths&level=error",
        "/verify",
    ] {
        let page = place.page(path).await;
        assert!(
            !page.contains("<script>") && !page.contains("<img") && !page.contains("href=\"javascript"),
            "{path}: {page}"
        );
        assert!(!page.contains("60481729"), "{path}: nothing is a template");
    }
    let typed = place
        .form("/sources", &[("url", EVIL), ("silo", EVIL), ("sets", EVIL), ("every", EVIL), ("kind", EVIL)])
        .await;
    let page = typed.text().await.unwrap();
    assert!(page.contains("&#60;script&#62;") && !page.contains("<script>alert"), "{page}");
    place.end().await;
}
