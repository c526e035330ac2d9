//! Holds `src` to the house of `ARCHITECTURE.md`: who may know whom, who may speak to which crate, who may print.
//!
//! Reads the text, not the compiler's mind: comments and strings are set aside, paths are followed through `use`,
//! `super::` and re-exports to the file that has the thing. What a macro makes up is not seen. Code under
//! `#[cfg(test)]` may use any crate and print, but reaches up no more than the rest.

#![expect(clippy::unwrap_used, reason = "in tests it is fine; clippy.toml knows only functions marked as such")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::Path;

/// The rooms of each floor, from the ground up. A room is a file, or a folder with everything in it.
const FLOORS: &[&[&str]] = &[
    &["ident", "error"],
    &["manifest", "store", "table", "stage", "digest"],
    &["alert", "event", "forecast", "metric", "plan", "report"],
    &["config", "conninfo", "template", "lexer", "server", "sample"],
    &["pg", "backup", "probe", "view"],
    &["step"],
    &["fleet"],
    &["cli"],
    &["main"],
];

/// The arrows between two rooms of one floor; all others there are strangers.
const ARROWS: &[(&str, &str)] = &[
    ("ident", "error"),
    ("manifest", "store"),
    ("manifest", "table"),
    ("store", "table"),
    ("alert", "metric"),
    ("event", "plan"),
    ("event", "report"),
    ("report", "alert"),
    ("report", "forecast"),
    ("report", "metric"),
    ("report", "plan"),
    ("backup", "probe"),
    ("config", "conninfo"),
    ("config", "template"),
    ("template", "lexer"),
];

/// Rooms whose files may form rings: a command knows the global flags, and the list of commands knows the command.
const RINGS_ALLOWED: &[&str] = &["cli"];

/// Rooms made of pieces that may not form rings; every other room is one piece.
const PIECES_INSIDE: &[&str] = &["pg", "backup", "probe", "view", "step", "fleet"];

/// Who may speak to an outside crate: rooms, and `floors FIRST-LAST`.
const OUTSIDE: &[(&str, &str)] = &[
    ("anstream", "view"),
    ("anstyle", "view"),
    ("anyhow", "floors 3-8"),
    ("async_trait", "backup"),
    ("bytes", "pg, backup, step, fleet, cli, main"),
    ("clap", "cli, main"),
    ("clap_complete", "cli, main"),
    ("clap_mangen", "cli, main"),
    ("comfy_table", "view"),
    ("deadpool", "pg"),
    ("futures_util", "pg, backup, step, fleet, cli, main"),
    ("http_body_util", "backup, cli"),
    ("hyper", "cli"),
    ("hyper_util", "cli"),
    ("indicatif", "view"),
    ("jiff", "config, pg, view, fleet, cli"),
    ("log", "pg"),
    ("memchr", "backup"),
    ("object_store", "backup"),
    ("postgres_protocol", "pg"),
    ("rand", "pg, step, cli"),
    ("rustix", "server, conninfo, probe, view, cli"),
    ("rustls", "pg, backup, probe"),
    ("rustls_native_certs", "pg, backup, probe"),
    ("serde", "floors 0-4"),
    ("serde_json", "floors 1-2, pg, backup, probe, view"),
    ("serde_json_path", "config, probe"),
    ("sha2", "backup"),
    ("strsim", "config, conninfo, template"),
    ("tar", "backup"),
    ("tempfile", "server, view, cli"),
    ("tokio", "pg, backup, probe, step, fleet, cli, main"),
    ("tokio_postgres", "pg"),
    ("tokio_postgres_rustls", "pg"),
    ("toml", "config"),
    ("unicode_width", "view"),
    ("ureq", "backup, probe"),
    ("x509_cert", "pg"),
    ("xxhash_rust", "pg, digest"),
    ("zstd", "backup"),
];

const PRINTERS: &str = "view, cli, main";
const PRINTING: &[&str] = &["print", "println", "eprint", "eprintln"];

#[test]
fn the_house_stands() {
    let mut files = Vec::new();
    read_folder(Path::new("src"), &mut files);
    assert!(!files.is_empty());
    let sample = fs::read_to_string("templates/tenantctl.sample.toml").unwrap_or_default();
    let complaints = complaints(&files, &table_names(&sample));
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn every_dependency_has_a_floor() {
    let package: toml::Table = fs::read_to_string("Cargo.toml").unwrap().parse().unwrap();
    let without: Vec<String> = package["dependencies"]
        .as_table()
        .unwrap()
        .keys()
        .map(|name| name.replace('-', "_"))
        .filter(|name| !OUTSIDE.iter().any(|(outside, _)| outside == name))
        .collect();
    assert!(without.is_empty(), "no line in OUTSIDE says who may speak to {}", without.join(", "));
}

fn read_folder(folder: &Path, files: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            read_folder(&path, files);
        } else if let Ok(text) = fs::read_to_string(&path) {
            files.push((path.strip_prefix("src").unwrap().to_str().unwrap().to_owned(), text));
        }
    }
}

/// The tables of the sample application: our code must not know them.
fn table_names(sample: &str) -> Vec<String> {
    let sample: toml::Table = sample.parse().unwrap();
    let tables = sample.get("tables").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    tables.iter().map(|table| table["name"].as_str().unwrap().to_owned()).collect()
}

// ---- complaints -----------------------------------------------------------------------------------------------------

/// One line for each thing that is not as the constants above say; `files` are paths below `src` with their text.
fn complaints(files: &[(String, String)], sample_names: &[String]) -> Vec<String> {
    let house = House::read(files);
    let mut complaints = Vec::new();
    for file in &house.files {
        if file.module.is_empty() {
            continue; // lib.rs lists the rooms
        }
        if floor_of(&file.module[0]).is_none() || !house.is_listed(file) {
            complaints.push(format!("{} has no floor", file.path));
            continue;
        }
        house.follow(file, &mut complaints);
        if !may(&file.module[0], PRINTERS) {
            let mut code = file.tokens.iter().filter(|token| !token.in_test && token.kind != Kind::Comment).peekable();
            while let Some(token) = code.next() {
                let bang = code.peek().is_some_and(|next| next.is('!'));
                if bang && token.kind == Kind::Word && PRINTING.contains(&token.text.as_str()) {
                    complaints.push(format!("{} prints; only {PRINTERS} may ({})", file.name(), file.line(token)));
                }
            }
        }
    }
    complaints.extend(house.rings());
    complaints.extend(house.files.iter().flat_map(|file| sample_names_in_code(file, sample_names)));
    for (path, text) in files.iter().filter(|(path, _)| !path.ends_with(".rs")) {
        complaints.extend(sample_names_in_sql(path, text, sample_names));
    }
    let mut seen = BTreeSet::new();
    let without_line = |complaint: &str| complaint.split(" (").next().unwrap_or_default().to_owned();
    complaints.retain(|complaint| seen.insert(without_line(complaint)));
    complaints
}

/// A name of two words is ours nowhere. One that is also an English word (orders, messages) is refused where it would
/// reach PostgreSQL or a reader: in a string.
fn sample_names_in_code(file: &File, names: &[String]) -> Vec<String> {
    let tokens = file.tokens.iter().filter(|token| !token.in_test);
    tokens.flat_map(|it| sample_names_in(&file.path, it.line, &it.text, it.kind == Kind::Text, names)).collect()
}

fn sample_names_in_sql(path: &str, text: &str, names: &[String]) -> Vec<String> {
    let lines = text.lines().zip(1..);
    lines.flat_map(|(it, line)| sample_names_in(path, line, it, !it.trim_start().starts_with("--"), names)).collect()
}

fn sample_names_in(path: &str, line: usize, text: &str, single_words: bool, names: &[String]) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    let named = words.filter(|word| names.iter().any(|it| it == word) && (single_words || word.contains('_')));
    named.map(|word| format!("{path} names the sample's table {word} (line {line})")).collect()
}

fn floor_of(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

fn may(room: &str, allowed: &str) -> bool {
    allowed.split(", ").any(|word| match word.strip_prefix("floors ") {
        Some(floors) => {
            let (first, last) = floors.split_once('-').unwrap();
            let floors = first.parse::<usize>().unwrap()..=last.parse::<usize>().unwrap();
            floor_of(room).is_some_and(|floor| floors.contains(&floor))
        }
        None => word == room,
    })
}

// ---- the house: modules, and where a path leads ---------------------------------------------------------------------

type Module = Vec<String>;

/// Where a path leads.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Target {
    File(Module),
    Crate(String),
}

struct File {
    path: String,
    module: Module,
    tokens: Vec<Token>,
    uses: Vec<Use>,
    paths: Vec<Mention>,
    /// Names of the things that the file defines.
    items: BTreeSet<String>,
    /// `mod name;`, and whether under `#[cfg(test)]`.
    listed: BTreeMap<String, bool>,
}

/// One leaf of a `use`: `use a::{b as c}` is a name `c` for the path `a::b`.
struct Use {
    name: String,
    mention: Mention,
    public: bool,
}

/// A path in the text, and the module that it is read in.
#[derive(Clone)]
struct Mention {
    segments: Vec<String>,
    module: Module,
    line: usize,
    in_test: bool,
}

impl File {
    fn name(&self) -> String {
        self.module.join("/")
    }

    fn line(&self, token: &Token) -> String {
        format!("src/{}:{}", self.path, token.line)
    }

    fn is_list(&self) -> bool {
        self.path.ends_with("mod.rs")
    }
}

struct House {
    files: Vec<File>,
    by_module: BTreeMap<Module, usize>,
}

impl House {
    fn read(files: &[(String, String)]) -> Self {
        let files: Vec<File> = files
            .iter()
            .filter_map(|(path, text)| {
                let mut module: Module = path.strip_suffix(".rs")?.split('/').map(str::to_owned).collect();
                if module.last().is_some_and(|last| last == "mod") || module == ["lib"] {
                    module.pop();
                }
                Some(parse(path, module, lex(text)))
            })
            .collect();
        let by_module = files.iter().enumerate().map(|(index, file)| (file.module.clone(), index)).collect();
        let mut house = Self { files, by_module };
        let for_tests: Vec<bool> = house.files.iter().map(|file| house.is_for_tests(&file.module)).collect();
        for (file, _) in house.files.iter_mut().zip(for_tests).filter(|(_, it)| *it) {
            file.tokens.iter_mut().for_each(|token| token.in_test = true);
            let mentions = file.uses.iter_mut().map(|it| &mut it.mention).chain(&mut file.paths);
            mentions.for_each(|mention| mention.in_test = true);
        }
        house
    }

    fn file(&self, module: &[String]) -> Option<&File> {
        self.by_module.get(module).map(|index| &self.files[*index])
    }

    /// Whether `lib.rs`, or the `mod.rs` of its folder, lists the file; rustc reads no other.
    fn is_listed(&self, file: &File) -> bool {
        let Some((name, parent)) = file.module.split_last() else { return true };
        if parent.is_empty() {
            return true; // a room; FLOORS lists it
        }
        self.file(parent).is_some_and(|parent| parent.listed.contains_key(name))
    }

    /// Whether it, or a module around it, stands under `#[cfg(test)] mod name;`.
    fn is_for_tests(&self, module: &[String]) -> bool {
        let Some((name, parent)) = module.split_last() else { return false };
        let listed = self.file(parent).and_then(|it| it.listed.get(name).copied()).unwrap_or(false);
        listed || self.is_for_tests(parent)
    }

    /// Adds a complaint for each path of the file that leads where it should not.
    fn follow(&self, file: &File, complaints: &mut Vec<String>) {
        let room = file.module[0].as_str();
        for (mention, target) in self.targets(file) {
            let line = format!("src/{}:{}", file.path, mention.line);
            match target {
                Target::Crate(name) => {
                    let allowed = OUTSIDE.iter().find(|(outside, _)| *outside == name).map_or("", |(_, it)| it);
                    if !mention.in_test && !may(room, allowed) {
                        complaints.push(format!("{} speaks to {name}; only {allowed} may ({line})", file.name()));
                    }
                }
                Target::File(module) if module.is_empty() || module[0] == room => {}
                Target::File(module) => {
                    let Some((here, there)) = floor_of(room).zip(floor_of(&module[0])) else { continue };
                    let way = match there.cmp(&here) {
                        std::cmp::Ordering::Less => continue,
                        std::cmp::Ordering::Equal if ARROWS.contains(&(room, &module[0])) => continue,
                        std::cmp::Ordering::Equal => "across",
                        std::cmp::Ordering::Greater => "up",
                    };
                    complaints.push(format!("{} reaches {way} to {} ({line})", file.name(), module.join("/")));
                }
            }
        }
    }

    fn targets<'a>(&self, file: &'a File) -> Vec<(&'a Mention, Target)> {
        let mentions = file.uses.iter().map(|it| &it.mention).chain(&file.paths);
        mentions.flat_map(|mention| self.resolve(file, mention, 0).into_iter().map(move |it| (mention, it))).collect()
    }

    /// A path may lead to several files only where it ends in `*`.
    fn resolve(&self, file: &File, mention: &Mention, depth: usize) -> Vec<Target> {
        let (first, rest) = mention.segments.split_first().unwrap();
        if depth > 8 {
            return Vec::new(); // two files that re-export each other
        }
        let within = |module: &[String], rest: &[String]| [module, rest].concat();
        match first.as_str() {
            "crate" | "tenantctl" => return self.locate(rest, depth),
            "self" => return self.locate(&within(&mention.module, rest), depth),
            "super" => {
                let supers = 1 + rest.iter().take_while(|it| *it == "super").count();
                let parent = &mention.module[..mention.module.len().saturating_sub(supers)];
                return self.locate(&within(parent, &rest[supers - 1..]), depth);
            }
            "" => {} // `::name`: a crate
            name => {
                let child = within(&mention.module, &[name.to_owned()]);
                if self.by_module.contains_key(&child) {
                    return self.locate(&within(&child, rest), depth);
                }
                let alias = file.uses.iter().find(|it| it.name == name && it.mention.segments != mention.segments);
                if let Some(alias) = alias.filter(|it| it.mention.segments[0] != name) {
                    let segments = within(&alias.mention.segments, rest);
                    return self.resolve(file, &Mention { segments, ..alias.mention.clone() }, depth + 1);
                }
            }
        }
        let name = if first.is_empty() { &rest[0] } else { first };
        let outside = OUTSIDE.iter().any(|(outside, _)| outside == name);
        if outside { vec![Target::Crate(name.clone())] } else { Vec::new() }
    }

    /// The file that has what an absolute path names: the longest module in front, then through its re-exports.
    fn locate(&self, path: &[String], depth: usize) -> Vec<Target> {
        let longest = (0..=path.len()).rev().find_map(|end| self.file(&path[..end]).map(|file| (end, file)));
        let Some((end, file)) = longest else { return Vec::new() };
        let here = vec![Target::File(file.module.clone())];
        let Some(name) = path.get(end) else { return here };
        let through = |it: &Use| {
            let mut mention = it.mention.clone();
            if it.name != "*" {
                mention.segments.extend_from_slice(&path[end + 1..]);
            }
            self.resolve(file, &mention, depth + 1)
        };
        // What a `*` gives: the module itself, and all that it passes on.
        if name == "*" {
            let passed_on = file.uses.iter().filter(|it| !it.mention.in_test && it.name != "*");
            return here.into_iter().chain(passed_on.flat_map(through)).collect();
        }
        if file.items.contains(name) {
            return here;
        }
        if let Some(passed_on) = file.uses.iter().find(|it| it.name == *name && !it.mention.in_test) {
            return through(passed_on);
        }
        let globs = file.uses.iter().filter(|it| it.name == "*" && !it.mention.in_test);
        for target in globs.flat_map(through) {
            if let Target::File(module) = &target
                && self.file(module).is_some_and(|it| it.items.contains(name))
            {
                return vec![target];
            }
        }
        here
    }

    /// The piece a file belongs to: the module of its floor's room, or below `pg`, `view` and the like the one file or
    /// folder there, with all that it keeps to itself.
    fn piece(&self, module: &[String]) -> Module {
        let depth = if PIECES_INSIDE.contains(&module[0].as_str()) { 2 } else { 1 };
        module.iter().take(depth).cloned().collect()
    }

    /// Rings among the files of a room. A `mod.rs` that only passes names on is no part of one; neither are files
    /// that a module keeps to itself in a folder of its own: they and their parent are one piece.
    fn rings(&self) -> Vec<String> {
        let mut reaches: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for file in &self.files {
            let Some(room) = file.module.first() else { continue };
            if RINGS_ALLOWED.contains(&room.as_str()) {
                continue;
            }
            let passing_on = file.uses.iter().filter(|it| it.public && file.is_list()).map(|it| &it.mention);
            let passing_on: Vec<*const Mention> = passing_on.map(std::ptr::from_ref).collect();
            let piece = self.piece(&file.module);
            let arrows = self.targets(file).into_iter().filter_map(|(mention, target)| match target {
                Target::File(to) if to.first() == Some(room) && self.piece(&to) != piece && !mention.in_test => {
                    (!passing_on.contains(&std::ptr::from_ref(mention))).then(|| self.piece(&to))
                }
                _ => None,
            });
            let arrows: BTreeSet<Module> = arrows.collect();
            reaches.entry(piece).or_default().extend(arrows);
        }
        loop {
            let mut grown = false;
            for module in reaches.keys().cloned().collect::<Vec<_>>() {
                let next: BTreeSet<Module> =
                    reaches[&module].iter().filter_map(|it| reaches.get(it)).flatten().cloned().collect();
                let known = reaches.entry(module).or_default();
                grown |= !next.is_subset(known);
                known.extend(next);
            }
            if !grown {
                break;
            }
        }
        let mut told = BTreeSet::new();
        let mut rings = Vec::new();
        for (module, reached) in reaches.iter().filter(|(module, reached)| reached.contains(*module)) {
            let with_it = reached.iter().filter(|other| reaches.get(*other).is_some_and(|it| it.contains(module)));
            let ring: Vec<String> = with_it.map(|it| it.join("/")).collect();
            if told.insert(ring.clone())
                && let Some((last, others)) = ring.split_last()
            {
                rings.push(format!("{} and {last} form a ring", others.join(", ")));
            }
        }
        rings
    }
}

// ---- reading: words, then items and paths ---------------------------------------------------------------------------

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Word,
    Mark,
    Text,
    Comment,
}

#[derive(Clone, Debug)]
struct Token {
    kind: Kind,
    text: String,
    line: usize,
    in_test: bool,
}

impl Token {
    fn is(&self, mark: char) -> bool {
        self.kind == Kind::Mark && self.text.starts_with(mark)
    }

    fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }
}

fn lex(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let (kind, end) = token_at(&chars, at);
        let text: String = chars[at..end].iter().collect();
        let lines = text.matches('\n').count();
        if let Some(kind) = kind {
            let text = text.strip_prefix("r#").filter(|_| kind == Kind::Word).unwrap_or(&text).to_owned();
            tokens.push(Token { kind, text, line, in_test: false });
        }
        line += lines;
        at = end;
    }
    mark_tests(&mut tokens);
    tokens
}

/// The kind (none: a space) and the end of the token that begins here.
fn token_at(chars: &[char], at: usize) -> (Option<Kind>, usize) {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let next = |offset: usize| chars.get(at + offset).copied().unwrap_or(' ');
    let find =
        |from: usize, stop: &dyn Fn(usize) -> bool| (from..chars.len()).find(|i| stop(*i)).unwrap_or(chars.len());
    match chars[at] {
        c if c.is_whitespace() => (None, at + 1),
        '/' if next(1) == '/' => (Some(Kind::Comment), find(at, &|i| chars[i] == '\n')),
        '/' if next(1) == '*' => {
            let (mut depth, mut end) = (0, at);
            while end < chars.len() {
                match (chars[end], chars.get(end + 1)) {
                    ('/', Some('*')) => (depth, end) = (depth + 1, end + 2),
                    ('*', Some('/')) => (depth, end) = (depth - 1, end + 2),
                    _ => end += 1,
                }
                if depth == 0 {
                    break;
                }
            }
            (Some(Kind::Comment), end)
        }
        '"' => (Some(Kind::Text), end_of_string(chars, at)),
        'b' | 'c' if next(1) == '"' => (Some(Kind::Text), end_of_string(chars, at + 1)),
        'b' if next(1) == '\'' => (Some(Kind::Mark), end_of_char(chars, at + 1)),
        'r' | 'b' | 'c' if raw_string(chars, at).is_some() => {
            let (hashes, start) = raw_string(chars, at).unwrap();
            let closes =
                |i: usize| chars[i] == '"' && chars[i + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
            (Some(Kind::Text), (find(start, &closes) + 1 + hashes).min(chars.len()))
        }
        // a lifetime has no closing quote
        '\'' if next(1) == '\\' || next(2) == '\'' => (Some(Kind::Mark), end_of_char(chars, at)),
        'r' if next(1) == '#' && word(next(2)) => (Some(Kind::Word), find(at + 2, &|i| !word(chars[i]))),
        c if word(c) => (Some(Kind::Word), find(at, &|i| !word(chars[i]))),
        _ => (Some(Kind::Mark), at + 1),
    }
}

fn end_of_string(chars: &[char], quote: usize) -> usize {
    let mut end = quote + 1;
    while end < chars.len() && chars[end] != '"' {
        end += if chars[end] == '\\' { 2 } else { 1 };
    }
    (end + 1).min(chars.len())
}

fn end_of_char(chars: &[char], quote: usize) -> usize {
    let skip = if chars.get(quote + 1) == Some(&'\\') { 3 } else { 2 };
    let rest = (quote + skip).min(chars.len());
    (rest + chars[rest..].iter().take_while(|c| **c != '\'').count() + 1).min(chars.len())
}

/// `r"`, `r#"`, `br##"`: the number of `#` and where the text begins.
fn raw_string(chars: &[char], at: usize) -> Option<(usize, usize)> {
    let r = if matches!(chars[at], 'b' | 'c') { at + 1 } else { at };
    if chars.get(r) != Some(&'r') {
        return None;
    }
    let hashes = chars[r + 1..].iter().take_while(|c| **c == '#').count();
    (chars.get(r + 1 + hashes) == Some(&'"')).then_some((hashes, r + 2 + hashes))
}

/// Marks the attribute `#[cfg(test)]` and the item that it stands before.
fn mark_tests(tokens: &mut [Token]) {
    let code: Vec<usize> = (0..tokens.len()).filter(|i| tokens[*i].kind != Kind::Comment).collect();
    let mut at = 0;
    while at + 1 < code.len() {
        if !(tokens[code[at]].is('#') && tokens[code[at + 1]].is('[')) {
            at += 1;
            continue;
        }
        let end = closing(tokens, &code, at + 1);
        let words: Vec<&str> = code[at..end].iter().map(|i| tokens[*i].text.as_str()).collect();
        if !(words.get(2) == Some(&"cfg") && words.contains(&"test") && !words.contains(&"not")) {
            at = end;
            continue;
        }
        let item_end = end_of_item(tokens, &code, end);
        let marked: Range<usize> = code[at]..code.get(item_end).copied().unwrap_or(tokens.len());
        tokens[marked].iter_mut().for_each(|token| token.in_test = true);
        at = item_end;
    }
}

/// Behind the `;`, or behind the braces, of the item.
fn end_of_item(tokens: &[Token], code: &[usize], mut at: usize) -> usize {
    while at < code.len() {
        let token = &tokens[code[at]];
        if token.is(';') {
            return at + 1;
        }
        let opens = token.is('{') || token.is('(') || token.is('[');
        let end = if opens { closing(tokens, code, at) } else { at + 1 };
        if token.is('{') {
            return end;
        }
        at = end;
    }
    at
}

/// Behind the bracket that closes the one here.
fn closing(tokens: &[Token], code: &[usize], open: usize) -> usize {
    let mut depth = 0;
    for (at, index) in code.iter().enumerate().skip(open) {
        match tokens[*index].text.as_str() {
            "(" | "[" | "{" if tokens[*index].kind == Kind::Mark => depth += 1,
            ")" | "]" | "}" if tokens[*index].kind == Kind::Mark => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

fn parse(path: &str, module: Module, tokens: Vec<Token>) -> File {
    let code: Vec<&Token> = tokens.iter().filter(|token| token.kind != Kind::Comment).collect();
    let mut reader = Reader { code, at: 0, module: module.clone(), open: Vec::new() };
    let (mut uses, mut paths, mut items, mut listed) = (Vec::new(), Vec::new(), BTreeSet::new(), BTreeMap::new());
    while let Some(token) = reader.peek(0) {
        let (line, in_test) = (token.line, token.in_test);
        let follows = reader.peek(1).filter(|next| next.kind == Kind::Word).map(|next| next.text.clone());
        match token.text.as_str() {
            _ if token.kind == Kind::Text => reader.at += 1,
            "use" if !reader.peek(1).is_some_and(|next| next.is('<')) => {
                let public =
                    reader.at > 0 && (reader.code[reader.at - 1].is_word("pub") || reader.code[reader.at - 1].is(')'));
                reader.at += 1;
                let mut leaves = Vec::new();
                reader.use_tree(&[], &mut leaves);
                uses.extend(leaves.into_iter().map(|(name, segments)| {
                    let mention = Mention { segments, module: reader.module.clone(), line, in_test };
                    Use { name, mention, public }
                }));
            }
            "mod" if follows.is_some() => {
                let name = follows.unwrap_or_default();
                if reader.peek(2).is_some_and(|next| next.is('{')) {
                    reader.module.push(name);
                    reader.open.push(true);
                    reader.at += 3;
                } else {
                    listed.insert(name, in_test);
                    reader.at += 2;
                }
            }
            "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static" | "union" if follows.is_some() => {
                items.extend(follows);
                reader.at += 1; // a type may follow that is a path
            }
            "{" => {
                reader.open.push(false);
                reader.at += 1;
            }
            "}" => {
                if reader.open.pop() == Some(true) {
                    reader.module.pop();
                }
                reader.at += 1;
            }
            _ => match reader.path() {
                Some(segments) => paths.push(Mention { segments, module: reader.module.clone(), line, in_test }),
                None => reader.at += 1,
            },
        }
    }
    File { path: path.to_owned(), module, uses, paths, items, listed, tokens: tokens.clone() }
}

struct Reader<'a> {
    code: Vec<&'a Token>,
    at: usize,
    module: Module,
    /// The open braces; true: of an inline module.
    open: Vec<bool>,
}

impl<'a> Reader<'a> {
    fn peek(&self, offset: usize) -> Option<&'a Token> {
        self.code.get(self.at + offset).copied()
    }

    fn is_colons(&self, offset: usize) -> bool {
        self.peek(offset).is_some_and(|it| it.is(':')) && self.peek(offset + 1).is_some_and(|it| it.is(':'))
    }

    /// `a::b::c` or `::a::b`; a single word is none.
    fn path(&mut self) -> Option<Vec<String>> {
        let word = |token: Option<&'a Token>| token.filter(|it| it.kind == Kind::Word);
        let mut segments = Vec::new();
        if self.is_colons(0) && word(self.peek(2)).is_some() {
            // behind a word or `>` it goes on from there: `Vec::<T>::new`
            let goes_on = self.at > 0 && (self.code[self.at - 1].kind == Kind::Word || self.code[self.at - 1].is('>'));
            if goes_on {
                self.at += 3;
                return None;
            }
            segments.push(String::new());
        } else {
            segments.push(word(self.peek(0))?.text.clone());
            self.at += 1;
        }
        while self.is_colons(0)
            && let Some(next) = word(self.peek(2))
        {
            segments.push(next.text.clone());
            self.at += 3;
        }
        if segments.len() > 1 {
            return Some(segments);
        }
        self.at -= 1; // a single word: the caller steps over it
        None
    }

    /// The leaves of a use tree, with the name that each gives.
    fn use_tree(&mut self, prefix: &[String], leaves: &mut Vec<(String, Vec<String>)>) {
        let mut segments = prefix.to_vec();
        if self.is_colons(0) {
            segments.push(String::new());
            self.at += 2;
        }
        while let Some(token) = self.peek(0) {
            self.at += 1;
            if token.is('{') {
                while let Some(token) = self.peek(0) {
                    if token.is('}') {
                        self.at += 1;
                        return;
                    }
                    if token.is(',') { self.at += 1 } else { self.use_tree(&segments, leaves) }
                }
                return;
            }
            // `a::{self}` is `a`
            if token.text != "self" || prefix.is_empty() {
                segments.push(token.text.clone());
            }
            if self.is_colons(0) {
                self.at += 2;
                continue;
            }
            let mut name = segments.last().cloned().unwrap_or_default();
            if self.peek(0).is_some_and(|next| next.is_word("as")) {
                name = self.peek(1).map(|it| it.text.clone()).unwrap_or_default();
                self.at += 2;
            }
            leaves.push((name, segments));
            return;
        }
    }
}

// ---- the test's own cases -------------------------------------------------------------------------------------------

fn told(files: &[(&str, &str)]) -> Vec<String> {
    told_with(files, &[])
}

fn told_with(files: &[(&str, &str)], names: &[&str]) -> Vec<String> {
    let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    complaints(&files.iter().map(owned).collect::<Vec<_>>(), &names)
}

const NONE: [&str; 0] = [];

#[test]
fn an_arrow_down_is_fine() {
    let files = [
        ("error.rs", "pub struct Refusal;"),
        ("store.rs", "use crate::error::Refusal;"),
        ("step/mod.rs", "mod copy;"),
        ("step/copy.rs", "use crate::store; fn f() -> crate::error::Refusal { super::super::error::Refusal }"),
    ];
    assert_eq!(told(&files), NONE);
}

#[test]
fn an_arrow_up_is_refused_however_it_is_written() {
    let rest = [("step/mod.rs", "pub mod copy;"), ("step/copy.rs", "pub struct Plan;")];
    for text in [
        "use crate::step::copy;",
        "use crate::step::copy::Plan;",
        "use crate::step::copy::{self as other};",
        "use crate::{ident, step::{copy::{Plan as P}}};",
        "use super::step::copy::Plan;",
        "use super::{step::copy};",
        "fn f() { let x = crate::step::copy::Plan; }",
        "type T = Vec<crate::step::copy::Plan>;",
        "impl Into<super::step::copy::Plan> for X {}",
        "mod inner { use super::super::step::copy::Plan; }",
        "mod inner { fn f() { crate::step::copy::plan() } }",
        "pub(crate) use crate::step::copy::*;",
        "fn f() { use crate::step::copy::Plan; }",
        "#[cfg(test)] mod tests { use crate::step::copy::Plan; }",
        "#[cfg(not(test))] use crate::step::copy::Plan;",
        "#[derive(crate::step::copy::Plan)] struct X;",
        "fn f() { g(r\"\\\", 'x', '\\'', \"\\\"\", crate::step::copy::X) }",
        "use crate as house; fn f() { house::step::copy::plan() }",
    ] {
        let files = [&[("store.rs", text)][..], &rest].concat();
        assert_eq!(told(&files), ["store reaches up to step/copy (src/store.rs:1)"], "{text}");
    }
}

#[test]
fn comments_and_strings_point_nowhere() {
    let text = "// use crate::step::copy;\n//! crate::step::copy\n/* use /* nested */ crate::step; */\n\
                const A: &str = \"use crate::step::copy; \\\" crate::step\"; const B: &str = r#\"\" crate::step::copy\"#;\n\
                fn f<'a>(x: &'a str) -> char { '\"' }";
    assert_eq!(told(&[("store.rs", text), ("step/mod.rs", "pub mod copy;"), ("step/copy.rs", "")]), NONE);
}

#[test]
fn a_re_export_is_followed_to_the_file_that_has_the_thing() {
    let files = [
        ("step/mod.rs", "mod copy;\npub use copy::Plan;\npub use self::copy::{perform as run};"),
        ("step/copy.rs", "pub struct Plan; pub fn perform() {}"),
    ];
    let with = |text| told(&[&[("store.rs", text)][..], &files].concat());
    assert_eq!(with("use crate::step::Plan;"), ["store reaches up to step/copy (src/store.rs:1)"]);
    assert_eq!(with("\nfn f() { crate::step::run() }"), ["store reaches up to step/copy (src/store.rs:2)"]);
    let globs = [("step/mod.rs", "mod copy; pub use copy::*;"), ("step/copy.rs", "pub struct Plan;")];
    let files = [&[("store.rs", "use crate::step::Plan;")][..], &globs].concat();
    assert_eq!(told(&files), ["store reaches up to step/copy (src/store.rs:1)"]);
}

#[test]
fn a_re_export_hides_no_outside_crate() {
    let files = [
        ("pg/mod.rs", "pub use tokio_postgres::Client;"),
        ("step/mod.rs", "use crate::pg::Client;"),
        ("lib.rs", "pub use crate::error::Refusal;"),
        ("error.rs", "pub struct Refusal;"),
        ("table.rs", "use crate::Refusal;"),
    ];
    assert_eq!(told(&files), ["step speaks to tokio_postgres; only pg may (src/step/mod.rs:1)"]);
}

#[test]
fn on_one_floor_only_written_arrows_stand() {
    let files = [
        ("ident.rs", "use crate::error::Refusal;"),
        ("error.rs", "use crate::ident::Ident;"),
        ("pg/mod.rs", ""),
        ("view/mod.rs", "pub mod plain;"),
        ("view/plain.rs", "use crate::pg::Session;"),
        ("config.rs", "use crate::{conninfo, lexer, template};"),
        ("conninfo.rs", ""),
        ("lexer.rs", ""),
        ("template.rs", "use crate::lexer::Lexer;"),
    ];
    let expected = [
        "error reaches across to ident (src/error.rs:1)",
        "view/plain reaches across to pg (src/view/plain.rs:1)",
        "config reaches across to lexer (src/config.rs:1)",
    ];
    assert_eq!(told(&files), expected);
}

#[test]
fn an_outside_crate_stays_on_its_floor() {
    let files = [
        ("event.rs", "use tokio_postgres::Client;\nuse serde::Serialize;\nuse serde_json::Value;"),
        ("error.rs", "fn f() -> anyhow::Result<()> { Ok(()) }"),
        ("conninfo.rs", "use ::tokio_postgres as driver; fn f(x: driver::Config) {}"),
        ("step/mod.rs", "#[tokio::main] fn f() { serde_json::json!({}) }"),
        ("view/mod.rs", "use {indicatif::ProgressBar, clap::Args};"),
        ("pg/mod.rs", "use tokio_postgres; use xxhash_rust::xxh3;"),
        ("digest.rs", "use xxhash_rust::xxh3; fn f() { Vec::<u8>::new(); bytes.len(); x::tokio_postgres() }"),
    ];
    let expected = [
        "event speaks to tokio_postgres; only pg may (src/event.rs:1)",
        "error speaks to anyhow; only floors 3-8 may (src/error.rs:1)",
        "conninfo speaks to tokio_postgres; only pg may (src/conninfo.rs:1)",
        "step speaks to serde_json; only floors 1-2, pg, backup, probe, view may (src/step/mod.rs:1)",
        "view speaks to clap; only cli, main may (src/view/mod.rs:1)",
    ];
    assert_eq!(told(&files), expected);
}

#[test]
fn a_file_without_a_floor_is_named() {
    let files = [
        ("lib.rs", "pub mod util; pub mod pg;"),
        ("util.rs", ""),
        ("pg/mod.rs", "pub mod session; #[cfg(test)] mod fake;"),
        ("pg/session.rs", ""),
        ("pg/fake.rs", ""),
        ("pg/ghost.rs", "use crate::nothing;"),
        ("pg/sql/columns_of.sql", "select 1"),
    ];
    assert_eq!(told(&files), ["util.rs has no floor", "pg/ghost.rs has no floor"]);
}

#[test]
fn a_ring_is_refused() {
    let files = [
        ("pg/mod.rs", "pub mod a; pub mod b; pub mod c; pub use a::A; pub use b::B;"),
        ("pg/a.rs", "use super::B; pub struct A;"),
        ("pg/b.rs", "pub struct B; fn f() { crate::pg::A::new() }"),
        ("pg/c.rs", "use super::{A, B};"),
    ];
    assert_eq!(told(&files), ["pg/a and pg/b form a ring"]);
    let files = [
        ("step/mod.rs", "mod x; mod y; mod z; pub struct Own;"),
        ("step/x.rs", "use super::y;"),
        ("step/y.rs", "use super::super::step::z;"),
        ("step/z.rs", "use crate::step::{x::X};"),
    ];
    assert_eq!(told(&files), ["step/x, step/y and step/z form a ring"]);
}

#[test]
fn what_is_no_ring() {
    let files = [
        ("pg/mod.rs", "pub mod a; pub mod b; pub use a::A;"),
        ("pg/a.rs", "#[cfg(test)] mod tests { use super::*; use crate::pg::b::B; } pub struct A;"),
        ("pg/b.rs", "use super::A; fn f() { Self::g(); self::h() } fn h() {} pub struct B;"),
        ("cli/mod.rs", "mod copy; pub struct Flags; fn f() { copy::run() }"),
        ("cli/copy.rs", "use super::Flags;"),
    ];
    assert_eq!(told(&files), NONE);
}

#[test]
fn only_who_may_print_does() {
    let files = [
        ("store.rs", "fn f() {\n println!(\"x\") }"),
        ("table.rs", "#[cfg(test)]\nmod tests { fn f() { println!() } }\n// println!()\nfn print() {}"),
        ("view/mod.rs", "fn f() { eprintln!() }"),
        ("fleet/mod.rs", "fn f() { std::eprint!() }"),
    ];
    let expected = [
        "store prints; only view, cli, main may (src/store.rs:2)",
        "fleet prints; only view, cli, main may (src/fleet/mod.rs:1)",
    ];
    assert_eq!(told(&files), expected);
}

#[test]
fn test_code_is_free_but_not_to_reach_up() {
    let text = "#[cfg(test)]\nuse tempfile::tempdir;\n#[cfg(test)]\n#[allow(x)]\nfn f(a: [u8; 4]) { tokio_postgres::x() }\n\
                fn g() { tempfile::tempdir() }";
    let expected = ["store speaks to tempfile; only server, view, cli may (src/store.rs:6)"];
    assert_eq!(told(&[("store.rs", text)]), expected);
}

#[test]
fn a_whole_file_may_be_for_tests() {
    let files = [
        ("pg/mod.rs", "#[cfg(test)]\nmod tests;\npub mod a;"),
        ("pg/a.rs", "use super::tests::x;"),
        ("pg/tests/mod.rs", "mod deep; use crate::pg::a; use tempfile::tempdir;"),
        ("pg/tests/deep.rs", "fn f() { println!(\"order_items\"); crate::step::g() }"),
        ("step/mod.rs", ""),
    ];
    assert_eq!(told_with(&files, &["order_items"]), ["pg/tests/deep reaches up to step (src/pg/tests/deep.rs:1)"]);
}

#[test]
fn main_knows_the_library_by_its_name() {
    let files = [("main.rs", "use tenantctl::cli; fn main() { cli::run(); tenantctl::pg::x() }"), ("cli/mod.rs", "")];
    assert_eq!(told(&files), NONE);
    let files = [("cli/mod.rs", "use tenantctl::main::x;"), ("main.rs", "")];
    assert_eq!(told(&files), ["cli reaches up to main (src/cli/mod.rs:1)"]);
}

#[test]
fn no_table_of_the_sample_is_named() {
    let sample = "[[tables]]\nname = \"orders\"\n[[tables]]\nname = \"order_items\"\nparent = \"orders\"\n";
    let names = table_names(sample);
    assert_eq!(names, ["orders", "order_items"]);
    assert_eq!(table_names(""), NONE);
    let files = [
        (
            "store.rs",
            "/// All orders, not reorders.\nfn orders() {}\n// as order_items does\nconst X: &str = \"no_orders\";",
        ),
        ("table.rs", "const X: &str = \"from orders\";\n#[cfg(test)] const Y: &str = \"order_items\";"),
        ("pg/sql/x.sql", "-- orders\nselect 1 from orders"),
    ];
    let expected = [
        "store.rs names the sample's table order_items (line 3)",
        "table.rs names the sample's table orders (line 1)",
        "pg/sql/x.sql names the sample's table orders (line 2)",
    ];
    assert_eq!(told_with(&files, &["orders", "order_items"]), expected);
}
