//! The page's files, built in.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const PICTURE: &str = "image/svg+xml";
const TEXT: &str = "text/plain; charset=utf-8";

macro_rules! files {
    ($($name:literal as $kind:expr),+ $(,)?) => {
        &[$(($name, $kind, include_bytes!(concat!("assets/", $name)))),+]
    };
}

type File = (&'static str, &'static str, &'static [u8]);

const FILES: &[File] = files![
    "page.css" as STYLE,
    "chat.css" as STYLE,
    "cluster.css" as STYLE,
    "page.js" as SCRIPT,
    "api.js" as SCRIPT,
    "dom.js" as SCRIPT,
    "rich.js" as SCRIPT,
    "cards.js" as SCRIPT,
    "thread.js" as SCRIPT,
    "composer.js" as SCRIPT,
    "hints.js" as SCRIPT,
    "people.js" as SCRIPT,
    "cluster.js" as SCRIPT,
    "favicon.svg" as PICTURE,
    "vendor/adaptivecards.min.js" as SCRIPT,
    "vendor/adaptivecards.LICENSE.txt" as TEXT,
];

/// The page.
pub(super) async fn index() -> Response {
    ([(header::CONTENT_TYPE, HTML)], include_str!("assets/index.html")).into_response()
}

/// One of its files.
pub(super) async fn asset(Path(path): Path<String>) -> Response {
    match FILES.iter().find(|(name, _, _)| *name == path) {
        Some((_, kind, bytes)) => ([(header::CONTENT_TYPE, *kind)], *bytes).into_response(),
        None => (StatusCode::NOT_FOUND, "There is no such file.").into_response(),
    }
}
