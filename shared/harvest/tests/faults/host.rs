//! Hosts of the steps: what calls them, and calls them again when they fail.

use std::sync::Arc;

use futures::FutureExt;
use granary_harvest::{
    Context, Error, HarvestRun, Outstanding, Source, Ticked, Turn, Until, in_full, tick, work,
};
use granary_queue::Select;
use granary_test_repository::Settings;
use tokio::sync::watch;

use crate::{
    faulty::{Counting, Faults, INJECTED},
    world::{Place, Site, World},
};

/// Who calls the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    /// `granary harvest --list-only`, then `granary work --drain`: one thing after the other.
    OneAfterTheOther,
    /// `granary harvest`: lists, and fetches at the same time.
    SideBySide,
    /// The schedule, and functions that work the queue.
    Functions,
}

/// How often a host is started again before that is taken for no use.
const STARTS: usize = 300;

impl Host {
    /// What its queue is like.
    pub(crate) fn counting(self) -> Counting {
        match self {
            Self::OneAfterTheOther | Self::SideBySide => Counting::Kept,
            Self::Functions => Counting::NotKept,
        }
    }

    /// Harvests in a process with these faults, and where that fails in another with those that follow, until one
    /// has not failed. Returns how many it took.
    pub(crate) async fn harvest(
        self,
        world: &World,
        source: &Source,
        mut faults: impl FnMut(usize) -> Arc<Faults>,
    ) -> usize {
        for start in 1..=STARTS {
            let context = world.process(&faults(start));
            let ended = self.run(&context, source).await;
            drop(context);
            world.after_the_process().await;
            match ended {
                Ok(()) => return start,
                Err(error) => {
                    let error = in_full(&error);
                    assert!(error.contains(INJECTED), "a failure of its own: {error}");
                }
            }
        }
        panic!("not done after {STARTS} starts");
    }

    /// A repository that was harvested and has changed since, and what the harvest has stored.
    pub(crate) async fn harvest_and_change(self, settings: Settings) -> (Site, World) {
        let mut site = Site::new(settings).await;
        let world = World::new(&site, Place::Bucket, self.counting()).await;
        self.harvest(&world, &site.source, |_| Arc::new(Faults::none())).await;
        site.change().await;
        world.let_a_day_pass().await;
        (site, world)
    }

    /// One process, until it has done all or something fails.
    pub(crate) async fn run(self, context: &Context, source: &Source) -> Result<(), Error> {
        context.granary.put_source(source).await?;
        match self {
            Self::OneAfterTheOther => command(context, source, false).await,
            Self::SideBySide => command(context, source, true).await,
            Self::Functions => functions(context).await,
        }
    }
}

async fn command(context: &Context, source: &Source, is_side_by_side: bool) -> Result<(), Error> {
    let mut run = HarvestRun::begin(context, source, None).await?;
    let select = Select::Silo(source.silo.to_string());
    let worked = match is_side_by_side {
        false => match run.list().await {
            Ok(_) => work(context, &select, 1, Until::Drained).await,
            Err(error) => Err(error),
        },
        true => {
            let (listed, is_listed) = watch::channel(false);
            let list = run.list().map(|listing| {
                if listing.is_err() {
                    context.stop.cancel();
                }
                listed.send_replace(true);
                listing
            });
            let work = work(context, &select, 3, Until::DrainedAfter(is_listed));
            let (listing, worked) = tokio::join!(list, work);
            listing.and(worked)
        }
    };
    match worked {
        Ok(()) => run.finish(Outstanding::Lost).await.map(drop),
        Err(error) => {
            // As the command line does: what went wrong matters more.
            let _ = run.suspend().await;
            Err(error)
        }
    }
}

async fn functions(context: &Context) -> Result<(), Error> {
    loop {
        let ticked = tick(context, &[]).await?.pop().map(|(_, ticked)| ticked);
        match ticked {
            Some(Ticked::Finished(_) | Ticked::Passed(Turn::Later(_))) => {
                // What comes late: a message whose acknowledgement was lost.
                return work(context, &Select::All, 1, Until::Drained).await;
            }
            Some(Ticked::GoesOn { .. }) => work(context, &Select::All, 1, Until::Drained).await?,
            Some(Ticked::Failed(error)) => return Err(error),
            Some(Ticked::Passed(turn)) => panic!("it is nobody's turn: {turn:?}"),
            None => panic!("there is no source"),
        }
    }
}
