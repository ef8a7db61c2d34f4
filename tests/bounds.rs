//! Whatever a server sends, the program stays below 128 MiB, and what cannot be held costs itself only.
//!
//! Peak memory is `VmHWM` of `/proc`, read every millisecond until the process ends: filling memory takes longer. Floods
//! are larger than the bound, most of them more than twice, so that whoever holds one is seen.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod support;

use std::time::Duration;

use granary_test_repository::{Fault, Flood, Format, Granularity, Kind, Packing, Server, Settings};
use serde_json::Value;
use support::{Ended, Granary, repository, silo_of};

/// What the program may hold.
const BOUND: u64 = 128 << 20;

/// How many items the repositories have.
const ITEMS: u32 = 6;

/// A repository of Dublin Core, in one page.
async fn dublin_core() -> Server {
    repository(Settings { items: ITEMS, kind: Kind::DublinCore, ..Settings::default() }).await
}

/// A repository of EPrints XML, with a file of 2,000 bytes for each item.
async fn eprints() -> Server {
    repository(Settings { items: ITEMS, files_per_item: 1, ..Settings::default() }).await
}

fn flood(of: Flood, mebibytes: u64) -> Fault {
    Fault::Flood { of, bytes: mebibytes << 20, packing: Packing::Plain }
}

/// A gibibyte in a megabyte.
fn bomb(of: Flood) -> Fault {
    Fault::Flood { of, bytes: 1 << 30, packing: Packing::Gzip }
}

/// How much memory a process holds (`VmRSS`), or has ever held (`VmHWM`); nothing when it has ended.
fn bytes_of(pid: u32, what: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let (_, value) =
        status.lines().filter_map(|line| line.split_once(':')).find(|(name, _)| *name == what)?;
    Some(value.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

/// Runs a command to its end, which has to stay within the bound.
#[track_caller]
fn bounded(granary: &Granary, args: &[&str]) -> Ended {
    let child = granary.spawn(args);
    let pid = child.id();
    let watch = std::thread::spawn(move || {
        let mut peak = 0;
        while let Some(bytes) = bytes_of(pid, "VmHWM") {
            peak = bytes;
            std::thread::sleep(Duration::from_millis(1));
        }
        peak
    });
    let ended: Ended = child.wait_with_output().unwrap().into();
    let peak = watch.join().unwrap();
    assert!(peak > 1 << 20, "it was not seen");
    assert!(peak < BOUND, "{} MiB\n{}", peak >> 20, ended.stderr);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    ended
}

/// The report of a harvest that ends with this code.
#[track_caller]
fn harvest(granary: &Granary, code: i32, args: &[&str]) -> Value {
    let ended = bounded(granary, &[&["--json", "harvest"], args].concat());
    assert_eq!(ended.code, Some(code), "{}\n{}", ended.stdout, ended.stderr);
    serde_json::from_str(ended.stdout.lines().last().expect("a report")).unwrap()
}

/// Harvests a repository whose lists of records are `list`, so that each record is asked for by itself, and whose first
/// record is `record`. The others come, and the first is a gap for this reason.
#[track_caller]
fn costs_one_record(server: &Server, list: Fault, record: Fault, reason: &str) {
    server.fault("/cgi/oai2?verb=ListRecords*", list);
    server.fault("/cgi/oai2?verb=GetRecord&identifier=*%3A1&*", record);
    let report = harvest(&Granary::new(), 3, &[&server.oai(), "--no-files"]);
    assert_eq!((&report["created"], &report["gaps"]), (&(ITEMS - 1).into(), &1.into()), "{report}");
    let gap = report["open_gaps"][0]["reason"].as_str().unwrap();
    assert!(gap.contains(reason) && gap.len() < 10_000, "{gap}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_without_end_costs_itself() {
    let endless = flood(Flood::EndlessRecord, 300);
    costs_one_record(&dublin_core().await, endless.clone(), endless, "exceeds a limit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_of_two_hundred_megabytes_costs_itself() {
    let huge = flood(Flood::HugeRecord, 200);
    costs_one_record(&dublin_core().await, Fault::Html, huge, "is larger than allowed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tags_of_ten_megabytes_and_elements_three_million_deep_cost_their_record() {
    for of in [Flood::HugeAttribute, Flood::HugeName, Flood::DeepNesting] {
        let record = flood(of, 10);
        costs_one_record(&dublin_core().await, record.clone(), record, "exceeds a limit");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_are_just_small_enough_are_held_one_at_a_time() {
    let server = dublin_core().await;
    // Eleven of fifteen megabytes, in a page that then breaks off: the repository's own are asked for one by one.
    server.fault_times("/cgi/oai2?verb=ListRecords*", flood(Flood::LargeRecords, 150), 1);
    server.fault("/cgi/oai2?verb=ListRecords*", Fault::Html);
    let granary = Granary::new();
    let report = harvest(&granary, 0, &[&server.oai(), "--no-files"]);
    assert_eq!(report["records"], ITEMS, "{report}");
    let objects = granary.json(0, &["ls", &silo_of(&server)]);
    assert_eq!(objects.len(), 11, "what came of the page that broke off is kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_records_without_end_costs_itself() {
    // Those that are stored are fewer: it is memory that is looked at, and not the disk.
    for (of, bytes) in [
        (Flood::EndlessRecords, 400_000),
        (Flood::EndlessDeletions, 3_000_000),
        (Flood::EndlessBrokenRecords, 3_000_000),
    ] {
        let server = dublin_core().await;
        let page = Fault::Flood { of, bytes, packing: Packing::Plain };
        server.fault_times("/cgi/oai2?verb=ListRecords*", page, 1);
        let report = harvest(&Granary::new(), 0, &[&server.oai(), "--no-files"]);
        let numbers = ["records", "failed", "gaps"].map(|name| report[name].as_u64().unwrap());
        assert_eq!(numbers, [ITEMS.into(), 0, 0], "it was asked for once more: {report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_identifiers_than_can_be_held_are_a_gap() {
    // All of one day, so that there is no smaller window to ask for.
    let granularity = Granularity::Day;
    let server =
        repository(Settings { items: 1, granularity, kind: Kind::DublinCore, ..Settings::default() }).await;
    server.fault("/cgi/oai2?verb=ListRecords*", Fault::Html);
    server.fault("/cgi/oai2?verb=ListIdentifiers*", flood(Flood::EndlessHeaders, 300));
    let day = ["--from", "2010-01-02", "--until", "2010-01-02", "--metadata-prefix", "oai_dc"];
    let report =
        harvest(&Granary::new(), 3, &[&[&*server.oai(), "--no-files", "--kind", "oai"], &day[..]].concat());
    let reason = report["open_gaps"][0]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("more identifiers than"), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_ten_megabytes_ends_its_list_and_not_the_harvest() {
    let server = dublin_core().await;
    server.fault_times("/cgi/oai2?verb=ListRecords*", flood(Flood::HugeToken, 10), 1);
    let report = harvest(&Granary::new(), 0, &[&server.oai(), "--no-files"]);
    assert_eq!((&report["created"], &report["gaps"]), (&ITEMS.into(), &0.into()), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_of_very_many_sets_costs_itself() {
    let sets = Fault::Flood { of: Flood::ManySets, bytes: 32 * 20_000, packing: Packing::Plain };
    costs_one_record(&dublin_core().await, Fault::Html, sets, "is larger than allowed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_very_many_files_the_first_are_taken_and_a_name_of_a_megabyte_is_none() {
    for (of, mebibytes, queued, problem) in [
        // 200,000 of them.
        (Flood::ManyFiles, 13, 10_000, "more than 10000 files"),
        (Flood::LongFileName, 1, 0, "a file's URL is not one of"),
    ] {
        let (server, granary) = (dublin_core().await, Granary::new());
        server.fault("/cgi/oai2?verb=ListRecords*", flood(of, mebibytes));
        let report = harvest(&granary, 3, &[&server.oai(), "--list-only"]);
        assert_eq!(report["created"], 1, "{report}");
        assert!(report["problems"][0]["detail"].as_str().unwrap().contains(problem), "{report}");
        let queue = granary.json(0, &["queue"]).pop().unwrap();
        assert_eq!(queue["waiting"], queued, "{queue}");
        let manifest = granary.object(&silo_of(&server), 1).join("__manifest.json");
        assert!(std::fs::metadata(manifest).unwrap().len() < 100_000);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bomb_in_place_of_a_page_costs_that_page() {
    let server = dublin_core().await;
    server.fault_times("/cgi/oai2?verb=ListRecords*", bomb(Flood::Zeros), 1);
    server.fault("/cgi/oai2?verb=ListRecords*", bomb(Flood::EndlessRecord));
    let report = harvest(&Granary::new(), 0, &[&server.oai(), "--no-files"]);
    assert_eq!((&report["created"], &report["gaps"]), (&ITEMS.into(), &0.into()), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bomb_in_place_of_metadata_is_too_big_and_one_in_place_of_a_file_is_not_that_file() {
    let (server, granary) = (eprints().await, Granary::new());
    for item in 2..=ITEMS {
        server.fault(&format!("/cgi/export/eprint/{item}/*"), bomb(Flood::Zeros));
    }
    // The file has 2,000 bytes: what is more is not read. When it is tried again it is there.
    server.fault_times("/1/1/*", bomb(Flood::Zeros), 1);
    server.fault_times("/1/1/*", flood(Flood::Zeros, 300), 1);
    let report = harvest(&granary, 3, &[&server.oai()]);
    let numbers = ["created", "files", "failed"].map(|name| report[name].as_u64().unwrap());
    assert_eq!(numbers, [1, 1, u64::from(ITEMS) - 1], "{report}");
    for letter in granary.json(0, &["queue", "dead"]) {
        assert_eq!(letter["reason"], "too_big", "{letter}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bomb_in_place_of_a_landing_page_names_no_files() {
    let settings = Settings { items: ITEMS, format: Format::Landing, ..Settings::default() };
    let server = repository(settings).await;
    server.fault("/1/", bomb(Flood::Zeros));
    let report = harvest(&Granary::new(), 0, &[&server.oai()]);
    assert_eq!(report["created"], ITEMS, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_without_end_and_redirects_without_end_cost_their_file() {
    let headers = |name: &str, count, bytes| Fault::Headers { name: name.to_owned(), count, bytes };
    let (server, granary) = (eprints().await, Granary::new());
    server.fault("/1/1/*", headers("etag", 1, 10 << 20));
    server.fault("/2/1/*", headers("link", 1, 1 << 20));
    server.fault("/3/1/*", headers("x-flood", 20_000, 10));
    server.fault("/4/1/*", Fault::RedirectChain);
    server.fault("/5/1/*", Fault::Redirect { target: format!("/{}", "x".repeat(1 << 20)) });
    let report = harvest(&granary, 3, &[&server.oai()]);
    let numbers = ["created", "files", "failed"].map(|name| report[name].as_u64().unwrap());
    assert_eq!(numbers, [u64::from(ITEMS), 1, 5], "{report}");
    let mut reasons: Vec<_> =
        granary.json(0, &["queue", "dead"]).iter().map(|letter| letter["reason"].to_string()).collect();
    reasons.sort();
    assert_eq!(reasons, ["\"redirect_loop\"", "\"too_big\"", "\"too_big\"", "\"too_big\"", "\"too_big\""]);
    let asked = |path: &str| server.log().iter().filter(|logged| logged.path.starts_with(path)).count();
    assert_eq!((asked("/1/1/"), asked("/4/1/")), (1, 11), "none of them is asked for again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_of_a_hundred_kilobytes_is_in_no_manifest() {
    let (server, granary) = (eprints().await, Granary::new());
    for name in ["etag", "last-modified", "content-type", "content-disposition"] {
        server.fault_times("*/1/*", Fault::Headers { name: name.to_owned(), count: 1, bytes: 100_000 }, 1);
    }
    assert_eq!(harvest(&granary, 0, &[&server.oai()])["files"], ITEMS);
    for item in 1..=ITEMS {
        assert!(granary.manifest(&silo_of(&server), item).to_string().len() < 10_000);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_repository_says_of_itself_without_end_is_refused() {
    for (verb, of) in [("Identify", Flood::HugeIdentify), ("ListMetadataFormats", Flood::EndlessFormats)] {
        let server = dublin_core().await;
        server.fault(&format!("/cgi/oai2?verb={verb}*"), flood(of, 300));
        let ended = bounded(&Granary::new(), &["harvest", &server.oai(), "--no-files"]);
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(
            ended.stderr.contains("too much") || ended.stderr.contains("larger than"),
            "{}",
            ended.stderr
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_holds_no_more_than_a_harvest() {
    for (verb, of) in [("ListSets", Flood::EndlessSets), ("ListRecords", Flood::EndlessRecord)] {
        let server = dublin_core().await;
        server.fault(&format!("/cgi/oai2?verb={verb}*"), flood(of, 20));
        let ended = bounded(&Granary::new(), &["doctor", &server.oai()]);
        assert!(ended.stdout.contains("ListRecords"), "{}", ended.stdout);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_without_end_takes_no_more_memory_as_it_grows_and_ends_when_it_is_told_to() {
    let (server, granary) = (dublin_core().await, Granary::new());
    server.fault("/cgi/oai2*", Fault::EndlessList);
    let child = granary.spawn(&["harvest", &server.oai(), "--silo", "s", "--no-files"]);
    let held_after = async |pages: usize| {
        while server.log().len() < pages {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bytes_of(child.id(), "VmRSS").unwrap()
    };
    let (early, late) = (held_after(1_000).await, held_after(10_000).await);
    println!("{} KiB after 1,000 pages, {} KiB after 10,000", early >> 10, late >> 10);
    assert!(late < BOUND && late < early + (4 << 20), "{early} and then {late}");
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let ended: Ended = child.wait_with_output().unwrap().into();
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    let status = granary.json(0, &["status", "s"]).pop().unwrap();
    assert!(status["run"].is_object() && status["lease"].is_null(), "{status}");
    assert!(status["run"]["records"].as_u64() >= Some(9_990), "{status}");
    let state = std::fs::metadata(granary.path().join("_granary/state/s.json")).unwrap();
    assert!(state.len() < 10_000, "the state is as small as ever");
    // Its token means nothing to the repository as it is now: the list begins anew.
    server.mend();
    let report = granary.json(0, &["harvest", "s"]).pop().unwrap();
    assert_eq!((&report["created"], &report["gaps"]), (&ITEMS.into(), &0.into()), "{report}");
}
