//! Runs a program and waits for its end. It is the first of a process group of its own, so that what it started ends with
//! it when the time is up.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStderr, Command};

use super::Seen;
use super::http::said;
use crate::config::CommandProbe;

/// Bytes of stderr that are kept, the last ones.
const KEPT: usize = 4096;
/// Lines of it that a reason has.
const LINES: usize = 3;
/// How long stderr may stay open after the program's end: what it left behind may hold it.
const PATIENCE: Duration = Duration::from_millis(200);

/// Ends the group when nobody waits for it any more.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            let _gone = kill_process_group(leader, Signal::KILL); // it may have ended by itself
        }
    }
}

/// Runs it with these variables besides ours.
///
/// # Errors
/// Why it did not end as it should, for people.
pub async fn run(probe: &CommandProbe, variables: &[(&str, String)], timeout: Duration) -> Seen {
    run_with(probe, variables, None, timeout).await
}

/// The same, with a text on its stdin.
///
/// # Errors
/// As [`run`].
pub async fn run_with(
    probe: &CommandProbe,
    variables: &[(&str, String)],
    input: Option<&str>,
    timeout: Duration,
) -> Seen {
    let mut words = probe.words.iter().map(|word| word.reveal());
    let program = words.next().unwrap_or_default();
    // A path starts from the configuration, like every path in it; a bare name is looked for in PATH.
    let place = if program.contains('/') { probe.folder.join(program) } else { Path::new(program).to_owned() };
    let mut command = Command::new(place);
    command.args(words).envs(variables.iter().map(|(name, value)| (*name, value))).current_dir(&probe.folder);
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    command.stdin(stdin).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(|error| format!("{program} cannot be started: {error}"))?;
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
    let group = Group(pid);
    let stderr = child.stderr.take();
    let reading = tokio::spawn(last_of(stderr));
    let ended = tokio::time::timeout(timeout, async {
        if let (Some(text), Some(mut stdin)) = (input, child.stdin.take()) {
            let _unread = stdin.write_all(text.as_bytes()).await; // whether it reads is its own affair
        }
        child.wait().await
    });
    let ended = ended.await;
    drop(group);
    let told = tokio::time::timeout(PATIENCE, reading).await.ok().and_then(Result::ok).unwrap_or_default();
    let told = if told.is_empty() { String::new() } else { format!(": {told}") };
    match ended {
        Err(_) => Err(format!("did not end within {}{told}", said(timeout))),
        Ok(Err(error)) => Err(format!("its end could not be waited for: {error}")),
        Ok(Ok(status)) => match status.code() {
            Some(code) if code == probe.exit_code => Ok(format!("exit code {code}")),
            Some(code) => Err(format!("exit code {code}{told}")),
            None => Err(format!("ended by a signal{told}")),
        },
    }
}

/// The last lines of what the program said.
async fn last_of(stderr: Option<ChildStderr>) -> String {
    let Some(mut stderr) = stderr else { return String::new() };
    let (mut kept, mut piece) = (Vec::new(), [0; KEPT]);
    while let Ok(count @ 1..) = stderr.read(&mut piece).await {
        kept.extend_from_slice(&piece[..count]);
        let surplus = kept.len().saturating_sub(KEPT);
        kept.drain(..surplus);
    }
    let text = String::from_utf8_lossy(&kept).into_owned();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(LINES)..].join(" · ")
}
