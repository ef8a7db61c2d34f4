//! `/api/events`: server-sent events, for pages that follow.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, StreamExt, stream};
use tokio::time::Instant;

use crate::{app::App, failure::Failure};

/// How often a comment keeps the connection from looking dead.
const ALIVE: Duration = Duration::from_secs(15);
/// How long a stream lasts: who follows asks anew, and is asked anew who it is.
const LASTS: Duration = Duration::from_secs(60 * 60);

/// An event `change` whenever something has changed that is shown, at most one a second.
pub(crate) async fn events(
    State(app): State<App>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failure> {
    let (follower, stop) = (app.live.follow(&app)?, app.stop.clone());
    let changes = stream::unfold(follower, async |mut follower| {
        let number = follower.next().await?;
        Some((number.to_string(), follower))
    });
    let events = changes.map(|number| Ok(Event::default().event("change").id(&number).data(number)));
    let until = Instant::now() + LASTS;
    let end = async move {
        tokio::select! {
            () = tokio::time::sleep_until(until) => {}
            () = stop.cancelled() => {}
        }
    };
    Ok(Sse::new(events.take_until(Box::pin(end))).keep_alive(KeepAlive::new().interval(ALIVE)))
}
