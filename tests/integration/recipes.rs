//! The scripts that the documentation gives to CI jobs and operators, run as they stand there.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

use crate::town::{Ran, Town, finish};

const CI: &str = include_str!("../../docs/ci.md");
const ACTION: &str = include_str!("../../.github/actions/verify/action.yml");

/// The fenced blocks of a language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    page.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

fn parsed(text: &str) -> Yaml {
    YamlLoader::load_from_str(text).unwrap().remove(0)
}

/// The script of each job, by where it stands.
fn scripts() -> Vec<(&'static str, String)> {
    let yaml: Vec<Yaml> = blocks(CI, "yaml").into_iter().map(parsed).collect();
    let gitlab = yaml.iter().find(|job| !job["verify-stores"].is_badvalue()).unwrap();
    let lines = gitlab["verify-stores"]["script"].as_vec().unwrap().iter().map(|line| line.as_str().unwrap());
    let action = parsed(ACTION);
    vec![
        ("the page", blocks(CI, "sh")[0].to_owned()),
        ("GitLab", lines.collect::<Vec<_>>().join("\n")),
        ("the action", action["runs"]["steps"][0]["run"].as_str().unwrap().to_owned()),
    ]
}

/// Runs a script in the town's folder, where `tenantctl` is on the path, as this role.
fn bash(town: &Town, role: &str, script: &[&str]) -> Ran {
    let binary = Path::new(env!("CARGO_BIN_EXE_tenantctl")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let mut command: Command = town.command(&[]);
    let variables: Vec<_> =
        command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
    command = Command::new("bash");
    command.args(script).current_dir(town.folder.path()).envs(variables).env("PATH", path);
    command.env_remove("CI").env_remove("GITHUB_ACTIONS");
    command.env("TENANTCTL_DATABASE_URL", town.url().replace("postgres@", &format!("{role}@")));
    command.env("GITHUB_STEP_SUMMARY", town.folder.path().join("summary.md"));
    finish(command)
}

#[test]
fn the_jobs_pass_while_all_is_equal_and_fail_when_somebody_writes_to_old_rows() {
    let town = Town::sample();
    let role = format!("ci_of_{}", town.database);
    town.sql(&format!("create role {role} login"));
    town.edit("tenantctl.toml", "[store_schema]", &format!("[store_schema]\nreaders = [\"{role}\"]"));
    town.run(&["migrate", "--store", "13"]).exits(0);
    let mut doctor = town.command(&["doctor", "--for", "verify", "--sql"]);
    doctor.env("DATABASE_URL", town.url().replace("postgres@", &format!("{role}@")));
    town.sql(&finish(doctor).exits(2).stdout);
    let scripts = scripts();
    for (place, script) in &scripts {
        let ran = bash(&town, &role, &["-ec", script]);
        assert_eq!(ran.code, 0, "{place}: {}\n{}", ran.stderr, town.read("verify.json"));
        let xml = town.read("verify.xml");
        assert!(xml.contains("<testsuite ") && !xml.contains("<failure"), "{place}: {xml}");
        let json: Value = serde_json::from_str(&town.read("verify.json")).unwrap();
        assert_eq!(json["outcome"], "done", "{place}");
        assert!(town.read("verify.md").contains("13"), "{place}");
    }
    town.sql("update products set name = name || '!' where store_id = 13 and id = (select min(id) from products where store_id = 13)");
    for (place, script) in &scripts {
        bash(&town, &role, &["-ec", script]).exits(3);
        let xml = town.read("verify.xml");
        assert!(xml.contains("<failure") && xml.contains("products"), "{place}: {xml}");
    }
    // In a job of GitHub's the ten worst become annotations, and the report the step's summary.
    let script = format!("export GITHUB_ACTIONS=true\n{}", scripts[2].1);
    let ran = bash(&town, &role, &["-ec", &script]).exits(3);
    assert!(ran.stderr.contains("::error") || ran.stdout.contains("::error"), "{}{}", ran.stdout, ran.stderr);
    assert!(town.read("summary.md").contains("products"));
}

#[test]
fn the_workflow_uses_the_action_as_it_is() {
    let workflow = blocks(CI, "yaml").into_iter().map(parsed).find(|yaml| !yaml["jobs"].is_badvalue()).unwrap();
    let steps = workflow["jobs"]["verify"]["steps"].as_vec().unwrap();
    let step = steps.iter().find(|step| step["uses"].as_str() == Some("./.github/actions/verify")).unwrap();
    let action = parsed(ACTION);
    for name in step["with"].as_hash().unwrap().keys() {
        assert!(!action["inputs"][name.as_str().unwrap()].is_badvalue(), "the action has no input {name:?}");
    }
    for (name, input) in action["inputs"].as_hash().unwrap() {
        let given = !step["with"][name.as_str().unwrap()].is_badvalue();
        assert!(given || input["required"].as_bool() != Some(true), "{name:?} is required and not given");
    }
    let kept = action["runs"]["steps"][1]["with"]["path"].as_str().unwrap();
    for file in kept.lines() {
        assert!(scripts()[2].1.contains(file.trim()), "nobody writes {file}");
    }
}

#[test]
fn the_onboarding_script_goes_over_a_failure_and_can_be_run_again() {
    let town = Town::sample();
    let has_jq = Command::new("jq").arg("--version").output().is_ok();
    assert!(has_jq, "docs/onboarding.sh needs jq: apt-get install -y jq");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/onboarding.sh");
    let script = script.to_str().unwrap();
    town.write("keys.txt", "# the first wave\n13\n14   # in the way\n15\n");
    let schema =
        town.value("select 'store_' || (extract(epoch from created_at) * 1000)::bigint from stores where id = 14");
    town.sql(&format!("create schema {schema}; create table {schema}.somebodys (id int)"));
    let ran = bash(&town, "postgres", &[script, "keys.txt"]).exits(1);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(lines[0].starts_with("ok    13\t") && lines[2].starts_with("ok    15\t"), "{}", ran.stdout);
    assert!(lines[1].starts_with("FAIL  14\texit 2\t"), "{}", ran.stdout);
    assert_eq!(lines[3], "2 done, 1 failed: 14");
    town.sql(&format!("drop table {schema}.somebodys; drop schema {schema}"));
    let ran = bash(&town, "postgres", &[script, "keys.txt"]).exits(0);
    assert!(ran.stdout.ends_with("3 done, 0 failed\n"), "{}", ran.stdout);
    assert_eq!(town.value("select count(*) from tenantctl.move where stage = 'switched'"), "3");
}

#[test]
fn the_commands_of_the_onboarding_document_do_what_it_says() {
    let town = Town::sample();
    let page = include_str!("../../docs/onboarding.md");
    town.sql("insert into stores (id, name, slug) values (94, 'Tienda 94', 'tienda-94')");
    let marked =
        |mark: &str| page.split(&format!("<!-- {mark} -->\n")).nth(1).map(|rest| blocks(rest, "sh")[0]).unwrap();
    // As an operator has it: the application is asked.
    let runs = |mark: &str| {
        // The new stores of this test have taken key 95.
        let script = format!("unset TENANTCTL_VALIDATE_AFTER_MIGRATE\n{}", marked(mark).replace("--to 95", "--to 995"));
        bash(&town, "postgres", &["-ec", &script]).exits(0)
    };
    let blocks = blocks(page, "sh").len();
    assert_eq!(blocks, page.matches("<!-- ").count(), "a block of the page is run by no test");
    runs("before");
    runs("new")
        .says("Tienda Nueva (ID: ")
        .says("validated")
        .says("?schema=store_")
        .says("Create an order with its items");
    runs("registered").says("Tienda 94 (ID: 94)");
    runs("pool").says("it took a schema that stood ready").says("Tienda Inmediata (ID: ");
    runs("move").says("15 tables compared row by row, all equal");
    town.run(&["migrate", "--store", "4", "--yes"]).exits(0);
    town.sql("insert into stores (id, name, slug) values (995, 'Tienda 995', 'tienda-995')");
    runs("clone").says("Tienda 995 (ID: 995)").says("validated").says("cloned from store 4: 15 of 15 tables equal");
    let after = runs("after");
    assert_eq!(town.value("select count(*) from tenantctl.move where stage = 'validated'"), "5");
    for done in ["[x] Document the onboarding process", "[x] Automate the creation of schemas"] {
        assert!(after.stdout.contains(done), "{}", after.stdout);
    }
    std::fs::remove_file(town.folder.path().join("onboarding.md")).unwrap();
    town.run(&["report", "--store", "13"]).exits(0).says("[ ] Document the onboarding process");
}
