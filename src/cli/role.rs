//! `role`: the role of each store, shown, made, given a password, taken back.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::open::{self, Opened};
use super::output::{Page, now};
use super::reverse::typed_or_yes;
use super::{Globals, StoreArgs, road};
use crate::conninfo::{Environment, Secret};
use crate::error::{Exit, Refusal};
use crate::fleet::exit::{StoreExit, exit_of};
use crate::ident::Ident;
use crate::pg::journal::{self, MoveLine};
use crate::pg::lease::Lease;
use crate::pg::registry::RegistryRow;
use crate::report::{NextStep, Report, RoleReport};
use crate::step::plan::store_of;
use crate::step::role::{self, Deed};
use crate::view::{explain, github};

/// Show the role of a store; make it, give it a new password, or take it back
///
/// `create` and `migrate` make it with the schema where [role] is configured, and `abandon` drops it. --revoke takes its
/// login, its password and its rights, and ends its connections; the role stays, and --make gives all of it again but the
/// password. The server only ever gets the SCRAM verifier of a password.
#[derive(clap::Args, Debug)]
pub(crate) struct RoleArgs {
    #[command(flatten)]
    stores: StoreArgs,
    /// Make the role, or give it anew what it may have
    #[arg(long, conflicts_with_all = ["rotate", "revoke"])]
    make: bool,
    /// Give it a new password; who has only the old one can log in no more
    #[arg(long, conflicts_with = "revoke")]
    rotate: bool,
    /// Take its login, password and rights, and end its connections
    #[arg(long)]
    revoke: bool,
    /// Show the new password, once, on stdout alone
    #[arg(long, conflicts_with = "revoke")]
    show_password: bool,
    /// Keep the new password in a password file of libpq, mode 600
    #[arg(long, value_name = "FILE", conflicts_with = "revoke")]
    password_file: Option<PathBuf>,
}

impl RoleArgs {
    fn deed(&self) -> Option<Deed> {
        [(self.make, Deed::Make), (self.rotate, Deed::Rotate), (self.revoke, Deed::Revoke)]
            .into_iter()
            .find_map(|(asked, deed)| asked.then_some(deed))
    }

    fn check(&self) -> Result<(), Refusal> {
        let wants_password = self.show_password || self.password_file.is_some();
        if wants_password && self.deed().is_none() {
            return Err(Refusal::new("a password that is there cannot be shown: the server keeps its verifier only")
                .hint("give --rotate for a new one, or --make"));
        }
        if self.show_password && github::is_here() {
            return Err(Refusal::new("a CI job's log is no place for a password").hint("give --password-file FILE"));
        }
        if let Some(path) = &self.password_file {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if !folder.is_dir() {
                return Err(Refusal::new(format!("there is no folder for {}", path.display()))
                    .hint(format!("make {} first", folder.display())));
            }
        }
        Ok(())
    }
}

pub(super) async fn run(globals: &Globals, env: &Environment, line: &str, args: &RoleArgs) -> Result<Page> {
    let started = now();
    args.check()?;
    let opened = Opened::open(globals, env, 1).await?;
    if opened.config.role()?.is_none() {
        bail!(role::not_configured());
    }
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    let registry = opened.registry(&ground);
    let chosen = open::choose(&reader, &registry, &ground.key_type, &args.stores).await?;
    let moves = open::moves(&reader, &ground).await?;
    drop(reader);
    drop(registry);
    let mut report = Report::new("role", None, started);
    report.database = Some(opened.database());
    report.findings = chosen.left_out;
    let with_schema = |row: &RegistryRow| moves.iter().find(|of| of.store.key == row.key && road::has_schema(of.stage));
    let Some(deed) = args.deed() else {
        let means = opened.means()?;
        for row in &chosen.rows {
            let of = with_schema(row);
            let store = of.map_or_else(|| store_of(&opened.store_schema, row), |of| Ok(of.store.clone()))?;
            report.roles.push(role::show(&means, ground.shared(), &store, of.map(|of| of.id)).await?);
        }
        report.next_steps = match chosen.rows.iter().any(|row| with_schema(row).is_some()) {
            true => next_steps(&report.roles),
            false => first_step(&report.roles),
        };
        drop(means);
        let options = opened.page_options();
        drop(opened);
        return Ok(Page { report: report.end(Exit::Done, now()), options });
    };
    let mut about: Vec<&MoveLine> = Vec::new();
    for row in &chosen.rows {
        match with_schema(row) {
            Some(of) => about.push(of),
            None if args.stores.all => {}
            None => bail!(role::no_schema(&store_of(&opened.store_schema, row)?)),
        }
    }
    if about.is_empty() {
        bail!(
            Refusal::new("none of these stores has a schema").hint("`tenantctl stores` shows the stage of each store")
        );
    }
    if deed == Deed::Revoke {
        consent(globals, &opened, &about).await?;
    }
    let lease = Lease::open(&opened.sessions, &opened.run).await?;
    road::begin_run(&lease, &opened, "role", line, None).await?;
    report.run = Some(opened.run.clone());
    let mut passwords = Vec::new();
    let mut exits = Vec::new();
    for of in about {
        let done = one_store(&opened, &lease, of, deed, args).await;
        let exit = match done {
            Ok((role, password)) => {
                passwords.push((report.roles.len(), Ident::new(&role.role), password));
                report.roles.push(role);
                Exit::Done
            }
            Err(error) if chosen.rows.len() == 1 => return road::close(opened, &lease, report, Err(error)).await,
            Err(error) => {
                let mut failed = role::show(&opened.means()?, ground.shared(), &of.store, Some(of.id)).await?;
                failed.error = Some(explain::error_report(&error));
                report.roles.push(failed);
                explain::exit_of(&error)
            }
        };
        exits.push(StoreExit { exit, begun: !matches!(exit, Exit::Refused | Exit::Held | Exit::Unreachable) });
    }
    report.next_steps = next_steps(&report.roles);
    let place = (opened.sessions.facts().address.clone(), opened.sessions.facts().database.clone());
    let mut page = road::close(opened, &lease, report, Ok(exit_of(&exits))).await?;
    // Not before the journal has its copy of the report.
    if let Some(path) = &args.password_file {
        let lines = passwords.iter().filter_map(|(_, role, password)| Some((role, password.as_ref()?)));
        keep(path, &place, &lines.collect::<Vec<_>>())?;
    }
    if args.show_password {
        for (at, _, password) in passwords {
            page.report.roles[at].password = password.map(|password| password.reveal().to_owned());
        }
    }
    Ok(page)
}

/// The key of one store is typed; several want `--yes`.
async fn consent(globals: &Globals, opened: &Opened, about: &[&MoveLine]) -> Result<()> {
    match about {
        [one] => {
            let reader = opened.sessions.reader().await?;
            let the_move = journal::read_move(&reader, one.id).await?;
            typed_or_yes(globals, opened, &the_move, "take its role's login and rights and end its connections")
        }
        _ if globals.yes => Ok(()),
        many => bail!(
            Refusal::new(format!("this would take login and rights from the roles of {} stores", many.len()))
                .hint("give --yes to say that it is meant")
        ),
    }
}

async fn one_store(
    opened: &Opened,
    lease: &Lease,
    of: &MoveLine,
    deed: Deed,
    args: &RoleArgs,
) -> Result<(RoleReport, Option<Secret>)> {
    lease.take(&of.shared_schema, &of.store.key).await?;
    let done = async {
        let taken = journal::take_over(lease, of.id).await?;
        let will_be_seen = args.show_password || args.password_file.is_some();
        role::perform(&opened.means()?, &taken, deed, will_be_seen).await
    }
    .await;
    // However it ended; what cannot be given back goes with the session.
    let _given = lease.give_back(&of.shared_schema, &of.store.key).await;
    done
}

/// Where the store has no schema yet, whose the role would be.
fn first_step(roles: &[RoleReport]) -> Vec<NextStep> {
    let [role] = roles else { return Vec::new() };
    let command = format!("tenantctl create --store {}", role.store);
    vec![NextStep { why: "it makes schema and role".into(), command }]
}

fn next_steps(roles: &[RoleReport]) -> Vec<NextStep> {
    let [role] = roles else { return Vec::new() };
    let key = &role.store;
    let (why, command) = match (role.state.as_str(), role.deed.as_deref()) {
        ("none", _) => ("make it", format!("tenantctl role --store {key} --make")),
        ("revoked", _) => ("give it its rights again", format!("tenantctl role --store {key} --make")),
        ("made", _) if role.can_login && role.has_password == Some(false) => {
            ("give it a password, and show it once", format!("tenantctl role --store {key} --rotate --show-password"))
        }
        ("made", _) => ("try what it may reach", format!("tenantctl verify --isolation --store {key}")),
        _ => return Vec::new(),
    };
    vec![NextStep { why: why.into(), command }]
}

/// Writes the passwords into a password file of libpq, in the place of older ones of the same roles.
fn keep(path: &Path, (address, database): &(String, String), roles: &[(&Ident, &Secret)]) -> Result<()> {
    let written = || -> Result<()> {
        let escaped = |text: &str| text.replace('\\', "\\\\").replace(':', "\\:");
        let (host, port) = address.rsplit_once(':').unwrap_or((address, "5432"));
        let host = if host.starts_with('/') { "localhost" } else { host };
        let before = |role: &Ident| format!("{}:{port}:{}:{}:", escaped(host), escaped(database), escaped(role.raw()));
        let old = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error.into()),
        };
        let is_ours = |line: &str| roles.iter().any(|(role, _)| line.starts_with(&before(role)));
        let mut text: String = old.lines().filter(|line| !is_ours(line)).map(|line| format!("{line}\n")).collect();
        for (role, password) in roles {
            text.push_str(&format!("{}{}\n", before(role), escaped(password.reveal())));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().tempfile_in(folder)?; // mode 600
        file.write_all(text.as_bytes())?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    written().with_context(|| {
        Refusal::new(format!("the password could not be written to {}", path.display()))
            .hint("the server has the new one: `--rotate` once more gives another that can be kept")
            .exit(Exit::Failed)
    })
}
