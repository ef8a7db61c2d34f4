//! When to kill.

use std::{path::PathBuf, time::Duration};

use granary_test_repository::Server;

/// When a process is killed. Mostly at something that happens, so that it does not matter how fast the machine is.
#[derive(Debug)]
pub(crate) enum Instant {
    /// After a time.
    Time(Duration),
    /// When the repository has been asked so often since.
    Request(usize),
    /// When this file is there.
    File(PathBuf),
}

/// The longest time, in milliseconds: some processes have not even begun then, others are done.
const LONGEST: u64 = 300;

/// How often is looked.
const LOOK: Duration = Duration::from_micros(300);

impl Instant {
    /// Draws one of those to come. `requests` is how many it takes in all; `missing` are the files still to be written.
    pub(crate) fn draw(random: &mut fastrand::Rng, requests: usize, missing: Vec<PathBuf>) -> Self {
        match (random.u8(..4), random.choice(missing)) {
            (0, _) | (3, None) => Self::Time(Duration::from_millis(random.u64(..LONGEST))),
            (1 | 2, _) | (_, None) => Self::Request(random.usize(1..=requests.div_ceil(2))),
            (_, Some(file)) => Self::File(file),
        }
    }

    /// Waits for it, and a little longer, so that what was begun with it is on its way. False when `is_over` first.
    pub(crate) async fn comes(
        self,
        random: &mut fastrand::Rng,
        server: &Server,
        mut is_over: impl FnMut() -> bool,
    ) -> bool {
        let begun = std::time::Instant::now();
        server.clear_log();
        let has_come = || match &self {
            Self::Time(time) => begun.elapsed() >= *time,
            Self::Request(count) => server.log().len() >= *count,
            Self::File(path) => path.exists(),
        };
        while !has_come() {
            if is_over() {
                return false;
            }
            tokio::time::sleep(LOOK).await;
        }
        tokio::time::sleep(Duration::from_micros(random.u64(..3_000))).await;
        !is_over()
    }
}
