//! `metrics serve`: the metrics over HTTP, for Prometheus and for a browser.
//!
//! One look at a time, whoever asks: scrapes that come meanwhile wait for it and get the same, and so do those of the
//! next second. Nothing is asked while nobody scrapes.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Semaphore};

use super::{Kept, WhichArgs, look, prometheus_text};
use crate::cli::Globals;
use crate::cli::open::Opened;
use crate::cli::output::{self, Page, now};
use crate::conninfo::Environment;
use crate::error::{Exit, Refusal};
use crate::event::Event;
use crate::pg::ground::Ground;
use crate::report::Report;
use crate::view::{Format, prometheus, terminal, text};

/// How long an answer is good for whoever comes next.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// Connections at once; more wait to be accepted.
const MOST_CONNECTIONS: usize = 64;
/// A client that does not finish its question is left.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long answers under way may take once we are told to end.
const GRACE: Duration = Duration::from_secs(2);

/// Serve the metrics over HTTP until SIGTERM or ^C
///
/// /metrics is for Prometheus, / is the overview for a browser, /healthz says that we are here. While the database is down
/// /metrics answers with `tenantctl_up 0`; what was seen before is not repeated. Nobody is asked who they are: listen on
/// an address that only those reach who may know the stores' names and sizes.
#[derive(clap::Args, Debug)]
pub(super) struct ServeArgs {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9187")]
    listen: SocketAddr,
    #[command(flatten)]
    which: WhichArgs,
}

pub(super) async fn run(globals: &Globals, env: &Environment, args: &ServeArgs) -> Result<Page> {
    let started = now();
    if let Some(path) = &args.which.history {
        output::check_folder(path)?;
    }
    let kept = Kept::read(args.which.history.as_deref())?;
    // A spinner says nothing of a server.
    let opened = Opened::open(&Globals { quiet: globals.quiet.max(1), ..globals.clone() }, env, 1).await?;
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        Refusal::new(format!("cannot listen on {}", args.listen))
            .because(error.to_string())
            .hint("name a free address of this machine with --listen")
    })?;
    let address = listener.local_addr()?;
    let mut options = opened.page_options();
    options.lang = globals.lang().unwrap_or(options.lang);
    if globals.quiet == 0 {
        terminal::to_stderr(|out| writeln!(out, "http://{address}/metrics"));
    }
    let desk = Arc::new(Desk {
        opened,
        which: args.which.clone(),
        options: options.clone(),
        last: Mutex::new(Last { kept, ground: None, seen: None }),
    });
    accept(&listener, &desk).await;
    // Whoever ends a server wanted it to end: nothing failed, and nothing is left to be told.
    let quiet = Report { text: Some(String::new()), ..Report::new("metrics", None, started) };
    Ok(Page { report: quiet.end(Exit::Done, now()), options })
}

/// Takes connections until a signal comes, and lets those under way finish.
async fn accept(listener: &TcpListener, desk: &Arc<Desk>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        tokio::select! {
            taken = listener.accept() => match taken {
                Ok((stream, _)) => {
                    let desk = desk.clone();
                    tokio::spawn(async move {
                        desk.serve(stream).await;
                        drop(place);
                    });
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await, // out of descriptors: some come back
            },
            () = desk.signal() => break,
        }
    }
    let all = u32::try_from(MOST_CONNECTIONS).unwrap_or(u32::MAX);
    let _ended = tokio::time::timeout(GRACE, places.acquire_many(all)).await;
}

/// Where the answers are made.
struct Desk {
    opened: Opened,
    which: WhichArgs,
    options: text::Options,
    last: Mutex<Last>,
}

/// What the last look left.
struct Last {
    kept: Kept,
    /// Read once, and again after a look that failed: the shared schema may have changed.
    ground: Option<Ground>,
    seen: Option<(Instant, Arc<Report>)>,
}

impl Desk {
    async fn signal(&self) {
        while !self.opened.sessions.is_interrupted() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn serve(self: Arc<Self>, stream: TcpStream) {
        let desk = self.clone();
        let answer = service_fn(move |request: Request<Incoming>| {
            let desk = desk.clone();
            async move { Ok::<_, Infallible>(desk.answer(&request).await) }
        });
        let mut server = http1::Builder::new();
        server.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
        let connection = server.serve_connection(TokioIo::new(stream), answer);
        let mut connection = std::pin::pin!(connection);
        let _gone = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.signal() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
    }

    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        const TEXT: &str = "text/plain; charset=utf-8";
        let path = request.uri().path();
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let (status, kind, body) = match path {
            "/metrics" | "/" | "/healthz" if !reads => {
                (StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD\n".to_owned())
            }
            "/healthz" => (StatusCode::OK, TEXT, "ok\n".to_owned()),
            "/metrics" => (StatusCode::OK, prometheus::MEDIA_TYPE, prometheus_text(&*self.seen().await)),
            "/" => {
                let report = self.seen().await;
                let mut page = Vec::new();
                let _into_memory = Format::Html.write(&report, &self.options, &mut page);
                let is_up = report.metrics.is_some();
                let status = if is_up { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                (status, "text/html; charset=utf-8", String::from_utf8_lossy(&page).into_owned())
            }
            _ => (StatusCode::NOT_FOUND, TEXT, "here are /metrics, / and /healthz\n".to_owned()),
        };
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        if status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        response
    }

    /// What is seen now, or was a moment ago.
    async fn seen(&self) -> Arc<Report> {
        let mut last = self.last.lock().await;
        if let Some((at, report)) = &last.seen
            && at.elapsed() < GOOD_FOR
        {
            return report.clone();
        }
        let mut report = Report::new("metrics", None, now());
        report.database = Some(self.opened.database());
        let exit = match self.look(&mut last).await {
            Ok(fleet) => {
                report.metrics = Some(fleet);
                Exit::Done
            }
            Err(error) => {
                last.ground = None;
                let error = crate::view::explain::error_report(&error);
                if !self.opened.sessions.is_interrupted() {
                    self.opened.observer.notice(&Event::Warned { message: &error.message });
                }
                report.error = Some(error);
                Exit::Failed
            }
        };
        let report = Arc::new(report.end(exit, now()));
        last.seen = Some((Instant::now(), report.clone()));
        report
    }

    async fn look(&self, last: &mut Last) -> Result<crate::metric::FleetMetrics> {
        let ground = match last.ground.take() {
            Some(ground) => ground,
            None => {
                let reader = self.opened.sessions.reader().await?;
                self.opened.ground(&reader).await?
            }
        };
        let mut fleet = look(&self.opened, &ground, &self.which).await?;
        last.kept.tell(&mut fleet)?;
        last.ground = Some(ground);
        Ok(fleet)
    }
}
