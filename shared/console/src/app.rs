//! What the handlers share.

use std::{ops::Deref, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};
use granary_harvest::Granary;
use granary_queue::Queue;
use granary_supervisor::{Log, Supervisor};
use tokio_util::sync::CancellationToken;

use crate::{
    guard::{Guard, Keys, Sessions, Visitor},
    html::{Frame, Section},
    live::Live,
    routes,
    totals::Totals,
};

/// What a console is over.
#[derive(Clone)]
pub struct Console {
    /// The granary that it shows.
    pub granary: Granary,
    /// The queue of the granary's workers, where there is one that can be asked.
    pub queue: Option<Arc<dyn Queue>>,
    /// What harvests and downloads in this process. Without it the console only shows: it offers no change and refuses every one.
    pub supervisor: Option<Supervisor>,
    /// The log of this process.
    pub log: Log,
    /// Who may ask.
    pub guard: Guard,
    /// What programs of this machine's operator send as `Authorization: Bearer`, whoever else may ask. As secret as any; empty,
    /// it opens nothing.
    pub key: String,
}

impl Console {
    /// One that only shows a granary.
    pub fn showing(granary: Granary, guard: Guard) -> Self {
        Self { granary, queue: None, supervisor: None, log: Log::default(), guard, key: String::new() }
    }
}

/// The console and what its process keeps for it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) console: Console,
    pub(crate) keys: Keys,
    pub(crate) sessions: Sessions,
    pub(crate) totals: Totals,
    pub(crate) live: Live,
    /// Cancelled when the console is to end: whoever follows has to go.
    pub(crate) stop: CancellationToken,
    /// Those that have a page.
    sections: Vec<Section>,
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    pub(crate) fn new(console: Console, stop: CancellationToken) -> Self {
        let endpoints = routes::endpoints();
        let has_page = |section: &Section| {
            endpoints.iter().any(|endpoint| endpoint.method == "GET" && endpoint.path == section.path())
        };
        let sections = Section::ALL.into_iter().filter(has_page).collect();
        Self(Arc::new(Shared {
            console,
            keys: Keys::new(),
            sessions: Sessions::default(),
            totals: Totals::default(),
            live: Live::default(),
            stop,
            sections,
        }))
    }

    pub(crate) fn granary(&self) -> &Granary {
        &self.console.granary
    }

    /// Where the granary lies.
    pub(crate) fn place(&self) -> String {
        self.granary().place("").trim_end_matches('/').to_owned()
    }
}

/// What a page needs of the request that it answers: what stands around it depends on who asks.
pub(crate) struct Shell {
    app: App,
    visitor: Visitor,
}

impl Shell {
    pub(crate) fn new(app: App, visitor: Visitor) -> Self {
        Self { app, visitor }
    }

    /// What stands around a page with this title. A stranger does not even learn where the granary lies.
    pub(crate) fn frame(&self, section: Option<Section>, title: impl Into<String>) -> Frame {
        let is_known = self.visitor != Visitor::Stranger;
        Frame {
            title: title.into(),
            section,
            sections: if is_known { self.app.sections.clone() } else { Vec::new() },
            place: if is_known { self.app.place() } else { String::new() },
            token: self.app.keys.token(&self.visitor),
            can_log_out: self.visitor.has_session(),
        }
    }
}

impl FromRequestParts<App> for Shell {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let visitor = parts.extensions.get::<Visitor>().cloned().unwrap_or_default();
        Ok(Self::new(app.clone(), visitor))
    }
}
