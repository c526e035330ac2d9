//! One HTTP request and its answer. Redirects are not followed: where one leads is an answer too.

use std::time::Duration;

use ureq::{Agent, Error, http};

use super::trust::trust;
use crate::config::{HttpProbe, Webhook};
use crate::conninfo::Secret;
use crate::store::Store;

/// Bytes of an answer that are read at most.
const MOST_BYTES: u64 = 32 << 20;

/// A request for one store, ready to be sent.
pub struct Request {
    method: String,
    url: Secret,
    headers: Vec<(String, Secret)>,
    body: Option<Secret>,
    timeout: Duration,
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its text.
    pub body: String,
}

/// Posts JSON to an address.
///
/// # Errors
/// Why there is no answer, for people.
pub async fn post(to: &Webhook, json: String, timeout: Duration) -> Result<Answer, String> {
    let mut headers = vec![("content-type".to_owned(), Secret::new("application/json"))];
    headers.extend(to.headers.iter().cloned());
    let body = Some(Secret::new(json));
    Request { method: "POST".to_owned(), url: to.url.clone(), headers, body, timeout }.send().await
}

impl Request {
    /// The request of a probe for a store.
    #[must_use]
    pub fn of(probe: &HttpProbe, store: &Store, timeout: Duration) -> Self {
        Self {
            method: probe.method.clone(),
            url: probe.url(store),
            headers: probe.headers(store),
            body: probe.body(store),
            timeout,
        }
    }

    /// Sends it and waits for the whole answer, on a thread that may wait.
    ///
    /// # Errors
    /// Why there is no answer, for people.
    pub async fn send(self) -> Result<Answer, String> {
        let timeout = self.timeout;
        match tokio::task::spawn_blocking(move || self.ask()).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Error::Timeout(_))) => Err(too_slow(timeout)),
            Ok(Err(error)) => Err(format!("no answer: {}", reason(&error))),
            Err(_) => Err("no answer: the request could not be run".to_owned()),
        }
    }

    fn ask(self) -> Result<Answer, Error> {
        let mut request = http::Request::builder().method(self.method.as_str()).uri(self.url.reveal());
        for (name, value) in &self.headers {
            request = request.header(name, value.reveal());
        }
        let body = self.body.as_ref().map(|body| body.reveal().to_owned());
        let agent = agent(self.timeout);
        let sent = match body {
            Some(body) => agent.run(request.body(body)?),
            None => agent.run(request.body(())?),
        };
        let mut answer = sent?;
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(MOST_BYTES).lossy_utf8(true).read_to_string()?;
        Ok(Answer { status, body })
    }
}

/// A connection of its own for each request: what a pool keeps may be from before the switch.
fn agent(timeout: Duration) -> Agent {
    Agent::config_builder()
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .allow_non_standard_methods(true)
        .user_agent(concat!("tenantctl/", env!("CARGO_PKG_VERSION")))
        .tls_config(trust())
        .build()
        .new_agent()
}

/// The whole chain in one line: the outer error seldom says why.
fn reason(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

pub(super) fn too_slow(timeout: Duration) -> String {
    format!("no answer within {}", said(timeout))
}

/// A duration as the configuration writes it.
#[must_use]
pub fn said(duration: Duration) -> String {
    match duration.as_millis() {
        millis if millis % 1000 == 0 => format!("{} s", millis / 1000),
        millis => format!("{millis} ms"),
    }
}
