//! Bodies that break off, or that come slowly.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use http_body::Frame;
use tokio::time::{Sleep, sleep};

/// What is sent before a connection breaks must have left the server: hyper drops what it still holds.
const FLUSH: Duration = Duration::from_millis(20);

/// The most pieces of a body that comes slowly, so that a large body ends some day.
const PIECES: usize = 1000;

/// Sends these pieces with pauses, and then ends or breaks off.
struct Pieces {
    left: VecDeque<Bytes>,
    breaks: bool,
    pause: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

/// Returns a body that breaks off at once: the client gets nothing at all.
pub fn lost() -> Body {
    Body::new(Pieces { left: VecDeque::new(), breaks: true, pause: FLUSH, waiting: None })
}

/// Returns a body that sends `start` and breaks off: the server closes the connection.
pub fn cut(start: Bytes, pause: Option<Duration>) -> Body {
    let left = match pause {
        Some(_) => pieces(&start),
        None => [start].into_iter().filter(|start| !start.is_empty()).collect(),
    };
    // Without a byte of the body, the head has to leave the server.
    let waiting = left.is_empty().then(|| Box::pin(sleep(FLUSH)));
    Body::new(Pieces { left, breaks: true, pause: pause.unwrap_or(FLUSH), waiting })
}

/// Returns a body that comes byte by byte.
pub fn trickled(whole: &Bytes, pause: Duration) -> Body {
    Body::new(Pieces { left: pieces(whole), breaks: false, pause, waiting: None })
}

fn pieces(whole: &Bytes) -> VecDeque<Bytes> {
    let size = whole.len().div_ceil(PIECES).max(1);
    (0..whole.len()).step_by(size).map(|from| whole.slice(from..whole.len().min(from + size))).collect()
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if let Some(waiting) = self.waiting.as_mut() {
            ready!(waiting.as_mut().poll(context));
            self.waiting = None;
        }
        Poll::Ready(match self.left.pop_front() {
            Some(piece) => {
                if self.breaks || !self.left.is_empty() {
                    self.waiting = Some(Box::pin(sleep(self.pause)));
                }
                Some(Ok(Frame::data(piece)))
            }
            None if self.breaks => Some(Err(std::io::Error::other("a fault was injected"))),
            None => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn a_slow_body_is_whole_and_a_broken_one_is_not() {
        let whole = Bytes::from("x".repeat(2500));
        let slow = trickled(&whole, Duration::from_micros(1));
        assert_eq!(slow.collect().await.expect("whole").to_bytes(), whole);
        assert_eq!(pieces(&whole).len(), 834, "three bytes each");
        let mut body = cut(whole.slice(..2), Some(Duration::from_micros(1)));
        for _ in 0..2 {
            assert_eq!(body.frame().await.expect("a frame").expect("data").into_data().expect("data").len(), 1);
        }
        assert!(body.frame().await.expect("a frame").is_err());
        assert!(cut(Bytes::new(), None).frame().await.expect("a frame").is_err());
        assert!(lost().frame().await.expect("a frame").is_err());
    }
}
