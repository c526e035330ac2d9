//! A small application: a real HTTP server that answers from a store schema of the test's database.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::town::{Town, sql_at};

/// What it asks of who wants the products.
pub(crate) const TOKEN: &str = "hunter2-of-the-application";

/// What it does, as the test may change it while it runs.
#[derive(Debug)]
pub(crate) struct Mood {
    /// The schema that it reads; none: the one that the request names.
    pub(crate) schema: Option<String>,
    /// Requests of `/flaky` that are still answered with 503.
    pub(crate) failures: u32,
    /// The requests it got: method, path, body.
    pub(crate) asked: Vec<String>,
}

/// A server on a port of its own; it ends with the test's process.
pub(crate) struct Application {
    pub(crate) url: String,
    pub(crate) mood: Arc<Mutex<Mood>>,
}

impl Application {
    pub(crate) fn of(town: &Town) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mood = Arc::new(Mutex::new(Mood { schema: None, failures: 0, asked: Vec::new() }));
        let (database, shared) = (town.url(), Arc::clone(&mood));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (database, mood) = (database.clone(), Arc::clone(&shared));
                std::thread::spawn(move || answer(stream, &database, &mood));
            }
        });
        Self { url, mood }
    }

    pub(crate) fn reads(&self, schema: Option<&str>) {
        self.mood.lock().unwrap().schema = schema.map(str::to_owned);
    }
}

/// Reads one request, answers it and closes.
fn answer(mut stream: TcpStream, database: &str, mood: &Mutex<Mood>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        head.push(line.trim_end().to_owned());
    }
    let header = |name: &str| {
        let found =
            head.iter().filter_map(|line| line.split_once(": ")).find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
    std::io::Read::read_exact(&mut reader, &mut body).unwrap();
    let body = String::from_utf8(body).unwrap();
    let Some(request) = head.first() else { return };
    let target = request.split(' ').nth(1).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    mood.lock().unwrap().asked.push(format!("{request} {body}"));
    let asked = |name: &str| {
        let found = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let (status, text) = match path {
        // The sample's: it finds its store as an application does, in the registry, and asks whoever comes for a token.
        "/api/products" if header("authorization") != format!("Bearer {TOKEN}") => (401, "{}".to_owned()),
        "/api/products" => {
            let key = asked("store");
            let routed = format!("select coalesce(schema_name, 'public') from stores where id = {key}");
            let routed = sql_at(database, &routed)[0][0].clone().unwrap();
            let schema = mood.lock().unwrap().schema.clone().unwrap_or(routed);
            let sql = format!(
                "select coalesce(json_agg(json_build_object('id', id, 'name', name, 'price', price) order by id), '[]')
                 from {schema}.products"
            );
            (200, sql_at(database, &sql)[0][0].clone().unwrap())
        }
        "/api/customers" => {
            let schema = mood.lock().unwrap().schema.clone().unwrap_or(asked("schema"));
            let sql = format!(
                "select json_build_object('customers', json_agg(json_build_object('id', id, 'name', name, 'more', true)
                 order by id)) from {schema}.customers"
            );
            (200, sql_at(database, &sql)[0][0].clone().unwrap())
        }
        "/flaky" => {
            let mut mood = mood.lock().unwrap();
            let fails = mood.failures > 0;
            mood.failures = mood.failures.saturating_sub(1);
            (if fails { 503 } else { 200 }, "{}".to_owned())
        }
        "/slow" => {
            std::thread::sleep(Duration::from_secs(30));
            (200, "{}".to_owned())
        }
        "/echo" => (200, format!("[{:?}]", header("authorization"))),
        "/ids_as_text" => (200, "[\"2\"]".to_owned()),
        "/page" => (200, "<html>".to_owned()),
        _ => (404, "{}".to_owned()),
    };
    let answer = format!(
        "HTTP/1.1 {status} So\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
    let _gone = stream.write_all(answer.as_bytes());
}
