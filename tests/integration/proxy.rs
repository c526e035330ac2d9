//! A proxy between the binary and the server that cuts a connection at a point of the conversation.
//!
//! It reads the protocol's messages, so that a point can be named: the third row, one byte before the end of a COPY.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Who speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Speaker {
    Server,
    Client,
}

/// Where to cut.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Point {
    /// In the middle of the nth COPY row of a session of this role, counted over all its COPYs.
    Row { role: &'static str, speaker: Speaker, nth: usize },
    /// One byte before the end of the first message that ends like this.
    Within { role: &'static str, speaker: Speaker, kind: u8, ending: &'static [u8] },
    /// After the nth message of this kind whose body begins like this.
    After { role: &'static str, speaker: Speaker, kind: u8, beginning: &'static [u8], nth: usize },
    /// Instead of the nth message of this kind whose body begins like this: it never arrives.
    Before { role: &'static str, speaker: Speaker, kind: u8, beginning: &'static [u8], nth: usize },
    /// After so many bytes of all connections, in both directions.
    Bytes(usize),
    /// Never.
    Nowhere,
}

/// Which connections are cut.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reach {
    /// The one at which the point was reached; the others stay, and new ones are let through.
    One,
    /// All of them, and none is let through afterwards.
    All,
}

#[derive(Debug)]
struct State {
    server: u16,
    point: Point,
    reach: Reach,
    cut: AtomicBool,
    bytes: AtomicUsize,
    count: AtomicUsize,
    streams: Mutex<Vec<TcpStream>>,
}

/// The proxy; it lives as long as the process.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    port: u16,
    state: Arc<State>,
}

impl Proxy {
    /// Listens in front of the server's port.
    pub(crate) fn before(server: u16, point: Point, reach: Reach) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            server,
            point,
            reach,
            cut: AtomicBool::new(false),
            bytes: AtomicUsize::new(0),
            count: AtomicUsize::new(0),
            streams: Mutex::new(Vec::new()),
        });
        let proxy = Self { port, state: state.clone() };
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let state = state.clone();
                std::thread::spawn(move || state.serve(client));
            }
        });
        proxy
    }

    /// The port to connect to.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Whether the point was reached.
    pub(crate) fn has_cut(&self) -> bool {
        self.state.cut.load(Ordering::SeqCst)
    }

    /// Bytes so far, in both directions.
    pub(crate) fn byte_count(&self) -> usize {
        self.state.bytes.load(Ordering::SeqCst)
    }
}

impl State {
    fn serve(self: Arc<Self>, mut client: TcpStream) {
        if self.cut.load(Ordering::SeqCst) && self.reach == Reach::All {
            return; // dropped: refused
        }
        let mut server = TcpStream::connect(("127.0.0.1", self.server)).unwrap();
        for stream in [&client, &server] {
            stream.set_nodelay(true).unwrap();
            self.streams.lock().unwrap().push(stream.try_clone().unwrap());
        }
        // The first message has no kind: its length, then the parameters.
        let mut length = [0; 4];
        if client.read_exact(&mut length).is_err() {
            return;
        }
        let mut body = vec![0; u32::from_be_bytes(length) as usize - 4];
        if client.read_exact(&mut body).is_err() {
            return;
        }
        let role = role_of(&body);
        if self.passes([&length[..], &body].concat(), &mut server).is_err() {
            return self.end(&client, &server);
        }
        let ends = [client.try_clone().unwrap(), server.try_clone().unwrap()];
        let back = {
            let (state, role, mut server, mut client) =
                (self.clone(), role.clone(), server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || state.pump(&role, Speaker::Server, &mut server, &mut client))
        };
        self.pump(&role, Speaker::Client, &mut client, &mut server);
        let _done = back.join();
        self.end(&ends[0], &ends[1]);
    }

    /// Passes messages on until an end, or the point, is reached.
    fn pump(&self, role: &str, speaker: Speaker, from: &mut TcpStream, to: &mut TcpStream) {
        loop {
            let mut head = [0; 5];
            if from.read_exact(&mut head).is_err() {
                break;
            }
            let mut body = vec![0; u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize - 4];
            if from.read_exact(&mut body).is_err() {
                break;
            }
            let message = [&head[..], &body].concat();
            let whole = message.len();
            let passed = self.until(role, speaker, head[0], &body);
            let cut = passed.is_some_and(|length| length <= whole);
            let kept = passed.map_or(whole, |length| length.min(whole));
            if self.passes(message[..kept].to_vec(), to).is_err() || cut {
                if cut {
                    self.cut(from, to);
                }
                break;
            }
        }
        self.end(from, to);
    }

    /// How much of this message still passes, if the point is in it.
    fn until(&self, role: &str, speaker: Speaker, kind: u8, body: &[u8]) -> Option<usize> {
        let whole = body.len() + 5;
        let counted = |nth: usize| self.count.fetch_add(1, Ordering::SeqCst) + 1 == nth;
        match self.point {
            Point::Row { role: r, speaker: s, nth } => {
                (r == role && s == speaker && kind == b'd' && counted(nth)).then_some(5 + body.len() / 2)
            }
            Point::Within { role: r, speaker: s, kind: k, ending } => {
                (r == role && s == speaker && k == kind && body.ends_with(ending) && counted(1)).then_some(whole - 1)
            }
            Point::After { role: r, speaker: s, kind: k, beginning, nth } => {
                (r == role && s == speaker && k == kind && body.starts_with(beginning) && counted(nth)).then_some(whole)
            }
            Point::Before { role: r, speaker: s, kind: k, beginning, nth } => {
                (r == role && s == speaker && k == kind && body.starts_with(beginning) && counted(nth)).then_some(0)
            }
            Point::Bytes(_) | Point::Nowhere => None,
        }
    }

    /// Writes; stops short where the bytes are used up.
    fn passes(&self, bytes: Vec<u8>, to: &mut TcpStream) -> std::io::Result<()> {
        let before = self.bytes.fetch_add(bytes.len(), Ordering::SeqCst);
        let Point::Bytes(limit) = self.point else { return to.write_all(&bytes) };
        if before + bytes.len() < limit {
            return to.write_all(&bytes);
        }
        let _gone = to.write_all(&bytes[..limit.saturating_sub(before).min(bytes.len())]);
        self.cut(to, to);
        Err(std::io::ErrorKind::ConnectionAborted.into())
    }

    fn cut(&self, from: &TcpStream, to: &TcpStream) {
        self.cut.store(true, Ordering::SeqCst);
        match self.reach {
            Reach::One => self.end(from, to),
            Reach::All => {
                for stream in self.streams.lock().unwrap().iter() {
                    let _gone = stream.shutdown(Shutdown::Both);
                }
            }
        }
    }

    fn end(&self, one: &TcpStream, other: &TcpStream) {
        for stream in [one, other] {
            let _gone = stream.shutdown(Shutdown::Both);
        }
    }
}

/// `reader` of `application_name\0tenantctl/8f3c21aa/reader\0`.
fn role_of(startup: &[u8]) -> String {
    let text = String::from_utf8_lossy(startup);
    let name = text.split('\0').find(|part| part.starts_with("tenantctl/"));
    name.and_then(|name| name.rsplit('/').next()).unwrap_or("none").to_owned()
}
