//! The console on a socket.

use std::{io, sync::Arc};

use axum::Router;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Duration, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    answering,
    app::{App, Console},
};

/// How many connections there may be; the next waits until one ends. A browser opens six.
const CONNECTIONS: usize = 512;
/// How long a request's head may take to come, and how long a connection may be idle.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// How long answers that are being sent may take once the console is to stop.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

/// Answers whoever connects, until `stop` is cancelled; then what is being answered is finished, for ten seconds at most.
/// Slow clients cost no more than their connection, and lose it when a request's head takes longer than half a minute.
///
/// A connection that cannot be accepted is logged, and the next one is waited for.
pub async fn serve(listener: TcpListener, console: Console, stop: CancellationToken) {
    let router = answering(App::new(console, stop.clone()));
    let (room, graceful) = (Arc::new(Semaphore::new(CONNECTIONS)), GracefulShutdown::new());
    loop {
        let Some(accepted) = stop.run_until_cancelled(accept(&listener, &room)).await else { break };
        match accepted {
            Ok((stream, permit)) => answer(stream, permit, &router, &graceful),
            Err(error) => {
                tracing::warn!("console: cannot accept a connection: {error}");
                // No file descriptors, mostly: the next attempt would fail as well, at once.
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    if timeout(LAST_ANSWERS, graceful.shutdown()).await.is_err() {
        tracing::warn!("console: some answers were not finished");
    }
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    // Before it is accepted: who waits, waits in the queue of the system.
    let permit = room.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, permit))
}

fn answer(stream: TcpStream, permit: OwnedSemaphorePermit, router: &Router, graceful: &GracefulShutdown) {
    let service = TowerToHyperService::new(router.clone());
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(64 << 10);
    let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
    tokio::spawn(async move {
        // A visitor who goes away is no failure.
        if let Err(error) = connection.await {
            tracing::debug!("console: a connection ended: {error}");
        }
        drop(permit);
    });
}
