//! Which paths there are. Each is named once, where its handler is put into the table.

use axum::{
    Router,
    handler::Handler,
    routing::{MethodFilter, on},
};

use crate::{api, app::App, assets, pages};

/// A method and a path that the console answers; `{silo}` and the like stand for one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// `GET`, which answers `HEAD` as well, `POST`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// The path.
    pub path: &'static str,
}

/// All that the console answers, in no particular order: what the description of the API is compared with.
pub fn endpoints() -> Vec<Endpoint> {
    all().endpoints
}

/// A router under construction, and what is in it.
#[derive(Default)]
pub(crate) struct Routes {
    pub(crate) router: Router<App>,
    pub(crate) endpoints: Vec<Endpoint>,
}

pub(crate) fn all() -> Routes {
    [assets::routes, pages::routes, api::routes]
        .into_iter()
        .fold(Routes::default(), |routes, more| more(routes))
}

impl Routes {
    /// Reads. Changes nothing, whoever asks: it needs no token.
    pub(crate) fn get<T: 'static>(self, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.on("GET", MethodFilter::GET, path, handler)
    }

    /// Changes something.
    pub(crate) fn post<T: 'static>(self, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.on("POST", MethodFilter::POST, path, handler)
    }

    /// Replaces something.
    pub(crate) fn put<T: 'static>(self, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.on("PUT", MethodFilter::PUT, path, handler)
    }

    /// Takes something away.
    pub(crate) fn delete<T: 'static>(self, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.on("DELETE", MethodFilter::DELETE, path, handler)
    }

    fn on<T: 'static>(
        mut self,
        method: &'static str,
        filter: MethodFilter,
        path: &'static str,
        handler: impl Handler<T, App>,
    ) -> Self {
        self.endpoints.push(Endpoint { method, path });
        self.router = self.router.route(path, on(filter, handler));
        self
    }
}
