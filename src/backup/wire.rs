//! HTTP for buckets, over the client that probes have: `object_store`'s own would bring another one, with its TLS.

use std::time::Duration;

use http_body_util::BodyExt;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use ureq::{Agent, Error};

use crate::probe::trust::trust;

/// Makes clients.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wire;

impl HttpConnector for Wire {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Caller(agent())))
    }
}

#[derive(Debug)]
struct Caller(Agent);

#[async_trait::async_trait]
impl HttpService for Caller {
    /// Whole requests and answers: nothing bigger than a part is sent or asked for.
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let agent = self.0.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let request = ureq::http::Request::from_parts(head, body.to_vec());
            let (head, mut body) = agent.run(request)?.into_parts();
            let read = body.with_config().limit(u64::MAX).read_to_vec()?;
            Ok::<_, Error>((head, read))
        });
        match asked.await {
            Ok(Ok((head, body))) => Ok(HttpResponse::from_parts(head, HttpResponseBody::from(body))),
            Ok(Err(error)) => Err(HttpError::new(kind(&error), error)),
            Err(error) => Err(HttpError::new(HttpErrorKind::Unknown, error)),
        }
    }
}

fn kind(error: &Error) -> HttpErrorKind {
    match error {
        Error::Timeout(_) => HttpErrorKind::Timeout,
        Error::ConnectionFailed | Error::HostNotFound => HttpErrorKind::Connect,
        Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => HttpErrorKind::Connect,
        Error::Io(_) => HttpErrorKind::Interrupted,
        _ => HttpErrorKind::Unknown,
    }
}

fn agent() -> Agent {
    Agent::config_builder()
        .timeout_connect(Some(Duration::from_secs(10)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .timeout_recv_body(Some(Duration::from_secs(300)))
        .timeout_send_body(Some(Duration::from_secs(300)))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .allow_non_standard_methods(true)
        .user_agent(concat!("tenantctl/", env!("CARGO_PKG_VERSION")))
        .tls_config(trust())
        .build()
        .new_agent()
}
