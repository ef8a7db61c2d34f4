//! A queue in an SQLite file: any number of processes on one machine.

mod counters;
mod database;
mod dead_letters;
mod error;
mod holder;
mod messages;
mod receipt;
mod schema;
mod sql;

use std::{path::Path, time::Duration};

use async_trait::async_trait;

use self::{
    database::{Database, Missing},
    sql::{now, silo},
};
use crate::{
    counters::Counters,
    error::Error,
    queue::{Burial, DeadLetter, Depth, Message, Peeked, Queue, Receipt, Redrive, Select, Settled},
};

/// A queue in an SQLite file. Cheap to clone; the clones share one connection.
///
/// Messages come in the order in which they became visible: first in, first out, and one that was given back comes
/// after those that were ready before it. Whatever a method has written is on the disk when it returns
/// (`synchronous=FULL`): a checkpoint may rely on what was sent before it. The clock is this machine's.
///
/// Anybody may put a message by hand: `INSERT INTO messages(body) VALUES ('{"url": …}')`.
///
/// A method that has begun to write runs to its end even when its future is dropped.
#[derive(Debug, Clone)]
pub struct SqliteQueue {
    database: Database,
    holder: String,
}

impl SqliteQueue {
    /// Opens a queue; makes it, and the folders above it, when it is not there.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::NotAQueue`] or [`Error::Newer`] when the file is something else; it stays as it is.
    /// [`Error::Folder`], [`Error::Unwritable`] or [`Error::Full`] when it cannot be made.
    pub async fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { database: Database::open(path, Missing::Create).await?, holder: holder::this_process() })
    }

    /// Opens a queue that is there; makes nothing, and returns nothing, when it is not.
    ///
    /// # Errors
    /// As [`SqliteQueue::open`].
    pub async fn open_existing(path: &Path) -> Result<Option<Self>, Error> {
        // A folder that cannot be read is not the same as no queue: opening it says why.
        if !path.try_exists().unwrap_or(true) {
            return Ok(None);
        }
        Ok(Some(Self {
            database: Database::open(path, Missing::Fail).await?,
            holder: holder::this_process(),
        }))
    }

    /// Makes the messages visible at once that are held by processes of this machine that are gone; they come in
    /// their old order. Returns how many.
    ///
    /// Who is gone can be told on Linux only; elsewhere their messages come back when their visibility ends.
    ///
    /// # Errors
    /// When the queue cannot be written.
    pub async fn release_abandoned(&self) -> Result<u64, Error> {
        self.database.write(messages::release_abandoned).await
    }
}

#[async_trait]
impl Queue for SqliteQueue {
    async fn send_bodies(&self, bodies: &[String]) -> Result<(), Error> {
        if bodies.is_empty() {
            return Ok(());
        }
        let bodies = bodies.to_vec();
        self.database.write(move |db| messages::insert(db, &bodies, now())).await
    }

    async fn receive(
        &self,
        max: usize,
        visibility: Duration,
        select: &Select,
    ) -> Result<Vec<Message>, Error> {
        let (silo, holder) = (silo(select), self.holder.clone());
        self.database
            .write(move |db| messages::receive(db, max, visibility, silo.as_deref(), &holder, now()))
            .await
    }

    async fn acknowledge(&self, settled: &[Settled]) -> Result<(), Error> {
        if settled.is_empty() {
            return Ok(());
        }
        let settled = settled.to_vec();
        self.database
            .write(move |db| {
                for settled in &settled {
                    if messages::delete(db, &settled.receipt)? {
                        counters::add(db, settled)?;
                    }
                }
                Ok(())
            })
            .await
    }

    async fn give_back(&self, receipt: &Receipt, delay: Duration) -> Result<(), Error> {
        let receipt = receipt.clone();
        self.database.write(move |db| messages::give_back(db, &receipt, delay, now())).await
    }

    async fn extend(&self, receipts: &[Receipt], visibility: Duration) -> Result<(), Error> {
        if receipts.is_empty() {
            return Ok(());
        }
        let receipts = receipts.to_vec();
        self.database.write(move |db| messages::extend(db, &receipts, visibility, now())).await
    }

    async fn bury(&self, _message: &Message, settled: &Settled, burial: &Burial) -> Result<(), Error> {
        let (settled, burial) = (settled.clone(), burial.clone());
        self.database
            .write(move |db| {
                dead_letters::copy(db, &settled.receipt, &burial, now())?;
                match messages::delete(db, &settled.receipt)? {
                    true => counters::add(db, &settled),
                    false => Ok(()),
                }
            })
            .await
    }

    async fn peek(&self, max: usize, select: &Select) -> Result<Vec<Peeked>, Error> {
        let silo = silo(select);
        self.database.read(move |db| messages::peek(db, max, silo.as_deref())).await
    }

    async fn depth(&self, select: &Select) -> Result<Depth, Error> {
        let silo = silo(select);
        self.database
            .read(move |db| {
                let dead = dead_letters::count(db, silo.as_deref())?;
                Ok(Depth { dead, ..messages::depth(db, silo.as_deref(), now())? })
            })
            .await
    }

    async fn dead(&self, max: usize, select: &Select) -> Result<Vec<DeadLetter>, Error> {
        let silo = silo(select);
        self.database.read(move |db| dead_letters::list(db, max, silo.as_deref())).await
    }

    async fn redrive(&self, which: &Redrive, select: &Select) -> Result<u64, Error> {
        let (which, silo) = (which.clone(), silo(select));
        self.database.write(move |db| dead_letters::redrive(db, &which, silo.as_deref(), now())).await
    }

    async fn counters(&self, run: &str) -> Result<Option<Counters>, Error> {
        let run = run.to_owned();
        self.database.read(move |db| counters::of_run(db, &run)).await.map(Some)
    }

    fn keeps_counters(&self) -> bool {
        true
    }
}
