//! Examples at the end of each command's `--help` and man page.
//!
//! What a command does and what its flags mean stand with its arguments.

pub(super) const ALL: &[(&str, &str)] = &[
    (
        "doctor",
        "Examples:
  tenantctl doctor                     what would stop a migration
  tenantctl doctor --for verify --sql  the GRANTs that a reader lacks",
    ),
    (
        "audit",
        "Examples:
  tenantctl audit                 all stores
  tenantctl audit --store 4,7-93  only what concerns these stores
  tenantctl audit --format junit -o audit.html > audit.xml",
    ),
    (
        "plan",
        "Examples:
  tenantctl plan --store 4
  tenantctl plan --store 4 --sql  every statement, for review
  tenantctl plan --all --except 93",
    ),
    (
        "rehearse",
        "Examples:
  tenantctl rehearse --store 4       one store, proven and dropped again
  tenantctl rehearse --all --median  the one of middle size: it measures
  tenantctl rehearse --all           every store still to be moved
  tenantctl abandon --store 4 --rehearsal  what a killed one left",
    ),
    (
        "migrate",
        "Examples:
  tenantctl migrate --store 4 --to verified     copy and prove only
  tenantctl migrate --store 4                   and the switch
  tenantctl migrate --all --yes -o report.html  every store, unasked
  tenantctl migrate --all --canary 3 --until 06:00 --yes
  tenantctl migrate --all --max-lag 10s --max-wal-rate 20MiB --yes
  tenantctl migrate --stores-from keys.txt --lang es --format markdown",
    ),
    (
        "role",
        "Examples:
  tenantctl role --store 4         what there is
  tenantctl role --store 4 --make  for an older schema
  tenantctl role --store 4 --rotate --show-password
  tenantctl role --all --rotate --password-file pgpass
  tenantctl role --store 4 --revoke",
    ),
    (
        "pooler",
        "Examples:
  tenantctl pooler --all --file stores.ini  for %include
  tenantctl pooler --all --for pgdog > sharded.toml
  tenantctl doctor --pooler postgresql://app@pool:6432/{entry}",
    ),
    (
        "create",
        "Examples:
  tenantctl create --store 4         the schema alone; then `copy`
  tenantctl create --new --store 94  a store without rows: all of it
  tenantctl create --new --register --name Jabones  its row too
  tenantctl create --pool 5          schemas ready for them",
    ),
    (
        "clone",
        "Examples:
  tenantctl clone --store 4 --to 95  a store begins with 4's rows
  tenantctl clone --store 4 --to 95 --no-validate",
    ),
    (
        "copy",
        "Examples:
  tenantctl copy --store 4",
    ),
    (
        "verify",
        "Examples:
  tenantctl verify --store 4         before the switch: every row
  tenantctl verify --store 4 --live  after it: stray writes, soundness
  tenantctl verify --isolation --all  what each store's role can reach
  tenantctl verify --all --format junit -o verify.md > verify.xml",
    ),
    (
        "switch",
        "Examples:
  tenantctl switch --store 4
  tenantctl switch --store 4 --by-hand  a person told the application",
    ),
    (
        "validate",
        "Examples:
  tenantctl validate --store 4  ask its application
  tenantctl validate --all --format junit -o validate.md > validate.xml",
    ),
    (
        "resume",
        "Examples:
  tenantctl resume       the run that is not done
  tenantctl resume 8f3c  the run whose id begins so",
    ),
    (
        "pause",
        "Examples:
  tenantctl pause             the run at work begins nothing new
  tenantctl pause 8f3c        one of several
  tenantctl pause 8f3c --off  it goes on",
    ),
    (
        "reverse",
        "Examples:
  tenantctl reverse --store 4  back to the shared schema
  tenantctl abandon --store 4  then drop what was made",
    ),
    (
        "abandon",
        "Examples:
  tenantctl abandon --store 4
  tenantctl abandon --store 4 --yes  in a script",
    ),
    (
        "backup",
        "Examples:
  tenantctl backup --store 4              to the folder of [backup] to
  tenantctl backup --store 4 --to s4.tar.zst  one file
  tenantctl backup --all --keep 7         every night
  tenantctl backup check s4.tar.zst       no database is asked
  tenantctl backup check --all            all of that folder",
    ),
    (
        "restore",
        "Examples:
  tenantctl restore --store 4  the newest, beside the live schema
  tenantctl restore --store 4 --from s4.tar.zst --as look
  tenantctl restore --store 4 --swap  then it takes its place
  tenantctl restore --from s4.tar.zst -d postgresql://host/other",
    ),
    (
        "archive",
        "Examples:
  tenantctl archive --store 4 --to /backup/store_4  then it is dropped",
    ),
    (
        "drop",
        "Examples:
  tenantctl drop --store 4  a store that leaves: its key is typed",
    ),
    (
        "status",
        "Examples:
  tenantctl status          the last runs
  tenantctl status 8f3c     one run, store by store
  tenantctl status --check  exit code 4 when one is unfinished
  tenantctl status --watch  until no run is at work",
    ),
    (
        "report",
        "Examples:
  tenantctl report  of the newest run
  tenantctl report --store 4 --lang es --format markdown
  tenantctl report 8f3c -o night.html",
    ),
    (
        "alerts",
        "Examples:
  tenantctl alerts                   once; exit code 3 where one fires
  tenantctl alerts --watch           and keeps on, for a service
  tenantctl alerts --prometheus-rules > tenantctl.rules.yml",
    ),
    (
        "metrics",
        "Examples:
  tenantctl metrics --sort growth --history readings.json
  tenantctl metrics -o fleet.html  the overview for a browser
  tenantctl metrics --textfile tenantctl.prom -qq > /dev/null
  tenantctl metrics serve --listen 127.0.0.1:9187",
    ),
    (
        "top",
        "Examples:
  tenantctl top               s sorts by the next column, q leaves
  tenantctl top --once --sort waits",
    ),
    (
        "config",
        "Examples:
  tenantctl config --profile production --origin",
    ),
];

/// Puts them behind the long help of their commands.
pub(super) fn added_to(command: clap::Command) -> clap::Command {
    ALL.iter().fold(command, |command, (name, text)| command.mut_subcommand(name, |of| of.after_long_help(*text)))
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use crate::cli::Cli;
    use clap::CommandFactory;

    #[test]
    fn every_example_is_a_command_that_is_understood() {
        for (name, text) in ALL {
            for line in text.lines().skip(1) {
                assert!(line.chars().count() <= 72, "{line}"); // a man page of 80 columns indents them
                let line = line.trim_start();
                let words = line.split("  ").next().unwrap().split(" > ").next().unwrap().split_whitespace();
                let parsed = Cli::command().try_get_matches_from(words);
                assert!(parsed.is_ok(), "{name}: {line}: {}", parsed.unwrap_err());
            }
        }
    }
}
