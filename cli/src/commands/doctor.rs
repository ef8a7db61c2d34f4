//! `granary doctor`: examines an endpoint, or a granary.

mod markdown;

use granary_harvest::{
    Granary,
    doctor::{Diagnosis, FoundQueue, Verdict, Writing, examine, examine_granary, not_a_granary},
    in_full,
};
use granary_host::{Access, Fetching, Location, QueueLocation};
use url::Url;

use crate::{
    args::Global,
    exit::{Exit, Misuse},
    printer::Printer,
};

pub(crate) async fn run(global: &Global, printer: Printer, subject: Option<String>) -> anyhow::Result<Exit> {
    match subject {
        Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
            endpoint(global, printer, &url).await
        }
        Some(granary) => of_granary(&Global { granary, ..global.clone() }, printer).await,
        None => of_granary(global, printer).await,
    }
}

async fn endpoint(global: &Global, printer: Printer, url: &str) -> anyhow::Result<Exit> {
    let url = Url::parse(url).map_err(|error| Misuse(format!("{url} is no URL: {error}")))?;
    if url.host_str().is_none() {
        return Err(Misuse(format!("{url} names no host")).into());
    }
    let fetching = Fetching {
        contact: global.contact.clone(),
        allowed_hosts: global.allow_host.clone(),
        ..Fetching::default()
    };
    let fetcher = granary_host::examining(&url, &fetching)?;
    printer.say("asks about thirty things, one at a time");
    print(printer, &examine(&fetcher, &url).await, markdown::Subject::Endpoint)
}

async fn of_granary(global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let location: Location = global.granary.parse()?;
    let granary = granary_host::granary(&location, Access::Read).await?;
    let is_directory = matches!(location, Location::Directory(_));
    // In a bucket there are no folders that would have to be there first.
    if is_directory && !granary.is_one().await? {
        return print(printer, &not_a_granary(&granary), markdown::Subject::Granary);
    }
    let (granary, writing) = if is_directory && !granary.has_own_folder().await? {
        (granary, Writing::Untried)
    } else {
        match granary_host::granary(&location, Access::Write).await {
            Ok(granary) => (granary, Writing::Works),
            Err(error) => (granary, Writing::Fails(in_full(&error))),
        }
    };
    let queue = queue(global, &granary).await;
    print(printer, &examine_granary(&granary, &writing, &queue).await, markdown::Subject::Granary)
}

async fn queue(global: &Global, granary: &Granary) -> FoundQueue {
    let location = match &global.queue {
        Some(queue) => queue.parse::<QueueLocation>(),
        // A granary in a bucket has none of its own.
        None if granary.local().is_none() => return Ok(None),
        None => QueueLocation::of(granary),
    };
    let location = location.map_err(|error| in_full(&error))?;
    granary_host::existing_queue(&location).await.map_err(|error| in_full(&error))
}

fn print(printer: Printer, diagnosis: &Diagnosis, subject: markdown::Subject) -> anyhow::Result<Exit> {
    printer.result(diagnosis, |out| markdown::write(out, diagnosis, subject))?;
    Ok(match diagnosis.verdict {
        Verdict::Good => Exit::Done,
        Verdict::Lossy => Exit::Failed,
        Verdict::Untold => Exit::Unfinished,
        Verdict::Wrong => Exit::Usage,
    })
}
