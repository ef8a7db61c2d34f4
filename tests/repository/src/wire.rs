//! The connection below HTTP: what handlers must know of it to cut it at the right place.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::watch,
};

use crate::quirk::Channel;

/// A handler's hold on the connection that its request came by.
#[derive(Debug, Clone)]
pub(crate) struct Wire(Arc<State>);

#[derive(Debug)]
struct State {
    /// How often everything that HTTP had written was handed to the kernel.
    flushes: watch::Sender<u64>,
    reset: AtomicBool,
    channel: Channel,
}

impl Wire {
    fn new(channel: Channel) -> Self {
        Self(Arc::new(State { flushes: watch::Sender::new(0), reset: AtomicBool::new(false), channel }))
    }

    /// How the request came.
    pub(crate) fn channel(&self) -> Channel {
        self.0.channel
    }

    /// Waits until all bytes that HTTP has taken so far are with the kernel. Harmless when dropped.
    ///
    /// A body that fails loses what HTTP still holds back, so a cut at a given byte has to wait for this first. HTTP
    /// flushes whenever a body makes it wait, as this does, so the wait ends.
    pub(crate) async fn flushed(&self) {
        let mut flushes = self.0.flushes.subscribe();
        let before = *flushes.borrow_and_update();
        // An error would mean that the sender is gone, and `self` holds it.
        let _ = flushes.wait_for(|count| *count > before).await;
    }

    /// From now on the connection ends with a reset (RFC 9293, section 3.10.7), not with an orderly end.
    pub(crate) fn reset_at_end(&self) {
        self.0.reset.store(true, Ordering::Relaxed);
    }
}

/// A TCP connection that tells its [`Wire`] of flushes, and ends as the wire says.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    wire: Wire,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, channel: Channel) -> (Self, Wire) {
        let wire = Wire::new(channel);
        (Self { stream, wire: wire.clone() }, wire)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.wire.0.reset.load(Ordering::Relaxed) {
            // A connection that is gone already cannot be reset, and need not be.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// HTTP comes here only when it has nothing left to write.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if let Poll::Ready(Ok(())) = flushed {
            self.wire.0.flushes.send_modify(|count| *count += 1);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
