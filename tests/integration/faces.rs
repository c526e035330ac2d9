//! The faces of a result: every command's JSON against its schema, the same facts in every format and language, and
//! files whose endings name the format.

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::app::three_stores;
use crate::town::{Ran, Town, finish};

pub(crate) fn schema(name: &str) -> Value {
    let path = format!("{}/docs/json/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(crate) fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::options().should_validate_formats(true).build(schema).unwrap()
}

/// The validator of a part of the document.
fn part(name: &str) -> Validator {
    let mut whole = schema("report");
    let definitions = whole["$defs"].take();
    validator(&json!({"$ref": format!("#/$defs/{name}"), "$defs": definitions}))
}

#[track_caller]
pub(crate) fn holds(validator: &Validator, document: &Value) {
    let errors: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}\n{document:#}", errors.join("\n"));
}

#[test]
fn the_schemas_refuse_what_they_do_not_know() {
    let report = validator(&schema("report"));
    let mut document = json!({"schema_version": 1, "command": "status", "run": null, "started": "2025-07-03T10:00:00Z",
        "ended": "2025-07-03T10:00:01Z", "outcome": "done", "exit_code": 0, "stores": [], "findings": [], "next_steps": []});
    holds(&report, &document);
    document["surprise"] = true.into();
    assert!(!report.is_valid(&document));
    document.as_object_mut().unwrap().remove("surprise");
    document["ended"] = "yesterday".into();
    assert!(!report.is_valid(&document));
    assert!(!validator(&schema("event")).is_valid(&json!({"event": "nothing", "time": "2025-07-03T10:00:00Z"})));
}

#[test]
fn every_command_keeps_to_the_schema() {
    let town = three_stores();
    let report = validator(&schema("report"));
    let event = validator(&schema("event"));
    let logged = std::cell::RefCell::new(std::collections::BTreeSet::new());
    let run = |words: &[&str], code: i32| -> Value {
        let machine = ["--format", "json", "--progress", "json", "-vvv", "--log-format", "json"];
        let words: Vec<&str> = words.iter().copied().chain(machine).collect();
        let ran = town.run(&words).exits(code);
        let document = ran.json();
        holds(&report, &document);
        assert_eq!(document["exit_code"], code, "{words:?}");
        for line in ran.stderr.lines() {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            holds(&event, &line);
            if line.get("level").is_some() {
                logged.borrow_mut().insert(line["event"].as_str().unwrap().to_owned());
            }
        }
        document
    };
    run(&["status"], 0);
    run(&["report"], 2);
    run(&["config", "--origin"], 0);
    run(&["stores"], 0);
    run(&["tables"], 0);
    run(&["audit"], 0);
    run(&["template", "check"], 0);
    run(&["template", "render", "--store", "4"], 0);
    let plan = run(&["plan", "--store", "4", "--sql"], 0);
    assert_eq!(plan["plans"][0]["store"], "4");
    run(&["plan", "--store", "999"], 2);
    run(&["verify", "--store", "4"], 2);
    run(&["create", "--store", "4"], 0);
    run(&["copy", "--store", "4"], 0);
    run(&["report", "--store", "4"], 0);
    let schema_4 = run(&["stores"], 0)["store_list"][1]["schema"].as_str().unwrap().to_owned();
    town.sql(&format!("delete from {schema_4}.lines where id = (select min(id) from {schema_4}.lines)"));
    let differs = run(&["verify", "--store", "4"], 3);
    assert_eq!(differs["stores"][0]["tables"][2]["differences"][0]["kind"], "missing");
    run(&["report", "--store", "4"], 0);
    run(&["migrate", "--store", "4,5", "--yes"], 0);
    run(&["migrate", "--store", "4"], 0);
    run(&["verify", "--store", "4", "--live"], 0);
    run(&["verify", "--store", "4", "--against", "shared"], 0);
    run(&["clone", "--store", "4", "--to", "5"], 2);
    town.sql("insert into stores (id, name) values (95, 'Ninety-five')");
    assert_eq!(run(&["clone", "--store", "4", "--to", "95"], 0)["stores"][0]["row_count"], 54);
    run(&["status"], 0);
    run(&["reverse", "--store", "4", "--yes"], 0);
    run(&["abandon", "--store", "4", "--yes"], 0);
    run(&["resume"], 2);
    run(&["no-such-command"], 2);
    let expected = ["connected", "lock_tried", "statement", "store_done", "table_done", "unit_done"];
    assert!(expected.iter().all(|name| logged.borrow().contains(*name)), "{logged:?}");
}

#[test]
fn the_log_says_more_with_each_v_and_stands_beside_progress() {
    let town = three_stores();
    let steps = town.run(&["migrate", "--store", "4", "--to", "copied", "--progress", "none", "-v"]).exits(0).stderr;
    assert!(steps.contains(" info  step_done store=4 step=copy seconds="), "{steps}");
    assert!(steps.contains(" info  unit_done store=4 label=\"create index"), "{steps}");
    assert!(!steps.contains("table_done") && !steps.contains("statement"), "{steps}");
    let tables = town.run(&["verify", "--store", "4", "--progress", "plain", "-vv"]).exits(0).stderr;
    assert!(tables.contains(" debug table_done store=4 step=verify table=lines row_count=36"), "{tables}");
    assert!(
        tables.contains(" debug connected session=reader") && tables.contains("store 4 verify: done in"),
        "{tables}"
    );
    town.sql("update stores set database_url = 'postgresql://app:hunter2@db/main' where id = 4");
    let sql = town.run(&["switch", "--store", "4", "-q", "-vvv"]).exits(0).stderr;
    assert!(sql.contains(" trace statement sql=select count(*), coalesce(bool_or("), "{sql}");
    assert!(sql.contains("lock table ") && sql.contains(" result=taken"), "{sql}");
    assert!(!sql.contains("hunter2") && !sql.contains("switch: started"), "{sql}");
}

#[test]
fn json_lines_are_a_line_per_store_and_one_for_the_run() {
    let town = three_stores();
    let ran = town.run(&["migrate", "--all", "--yes", "--format", "jsonl"]).exits(0);
    let lines: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    let (end, stores) = lines.split_last().unwrap();
    let store_part = part("store");
    for store in stores {
        assert_eq!(store["type"], "store");
        let mut store = store.clone();
        store.as_object_mut().unwrap().remove("type");
        holds(&store_part, &store);
    }
    assert_eq!((&end["type"], &end["exit_code"]), (&"run".into(), &0.into()));
}

/// The report of the sample's store 4, beside the report that was once written by hand.
#[test]
fn the_spanish_report_says_what_the_first_one_said_and_what_supports_it() {
    let town = Town::sample();
    let files = ["-o", "r.md", "-o", "r.html", "-o", "r.xml", "-o", "r.json", "-o", "r.jsonl", "-o", "r.txt"];
    let words: Vec<&str> =
        ["migrate", "--store", "4", "--lang", "es", "-f", "markdown"].into_iter().chain(files).collect();
    let page = town.run(&words).exits(0).stdout;
    assert_eq!(page, town.read("r.md"));
    let sections = [
        "# Migración multi-tenant: PECADORES ANONIMOS",
        "## ✅ Conmutada, comprobada: 15 tablas, comparación registro por registro sin diferencias",
        "**Fecha de migración**: ",
        "**Tienda**: PECADORES ANONIMOS (ID: 4)",
        "**Esquema**: `store_1751248005649`",
        "## Tablas migradas (15 tablas, 14,907 registros)",
        "### ✅ Tablas core",
        "| 4 | auto_responses | 32 | 32 | ✓ igual |",
        "### ✅ Tablas adicionales",
        "| 13 | customer_history | 0 | 0 | ✓ igual, vacía |",
        "| 15 | whatsapp_logs | 14,737 | 14,737 | ✓ igual |",
        "## Verificación",
        "AIRE ACONDICIONADO CETRON MCI24CDBWCC32 ($49,410.00 MXN)",
        "PLANTA NATURAL GARDEN POL ZAMIA ($714.00 MXN)",
        "**URL de la base de datos**: `postgresql://app@db/main?schema=store_1751248005649`",
        "## Estructura del esquema migrado",
        "├── products (2 registros)",
        "├── store_settings (1 registro)",
        "└── whatsapp_logs (14,737 registros)",
        "### ✅ Aislamiento",
        "- ✅ Sin registros de otras tiendas: 15 de 15 tablas",
        "- ➖ No se comprobó: si otros roles pueden leer el esquema de la tienda",
        "### ✅ Índices, llaves y secuencias",
        "## Lo que no se comprobó",
        "## Próximos pasos",
        "- [ ] Probar la creación de órdenes",
        "- [ ] Alertas específicas por tienda",
        "## Resultado final",
        "- ➖ No se comprobó: la aplicación misma",
    ];
    let mut rest = page.as_str();
    for section in sections {
        let place =
            rest.find(section).unwrap_or_else(|| panic!("`{section}` is not there, or not in its order:\n{page}"));
        rest = &rest[place + section.len()..];
    }
    let ticked: Vec<&str> = page.lines().filter(|line| line.starts_with("- [x]")).collect();
    assert!(
        matches!(ticked.as_slice(), [one] if one.starts_with("- [x] Documentar el proceso de onboarding (")),
        "no box is ticked without evidence:\n{page}"
    );
    assert!(!page.contains("100%") && !page.contains("100 %"));
    let html = town.read("r.html");
    assert!(html.starts_with("<!doctype html>\n<html lang=\"es\">") && html.ends_with("</html>\n"));
    assert!(
        !html.contains("<script") && !html.contains("http://") && !html.contains("https://") && !html.contains("url(")
    );
    assert!(html.contains(">14,737</text>") && html.contains("$49,410.00 MXN"));
    assert!(town.read("r.xml").contains("<testsuite name=\"store 4 PECADORES ANONIMOS\" tests=\"23\" failures=\"0\""));
    assert!(town.read("r.txt").contains("✓ conmutada, comprobada: 15 tablas"));
    let json: Value = serde_json::from_str(&town.read("r.json")).unwrap();
    holds(&validator(&schema("report")), &json);
    assert_eq!(town.read("r.jsonl").lines().count(), 2);

    let again = town.run(&["report", "--store", "4", "--lang", "en", "-f", "markdown"]).exits(0).stdout;
    assert!(again.contains("## ✅ Switched, proven: 15 tables compared row by row, all equal"), "{again}");
    town.edit("tenantctl.toml", "[report]\n", "[report]\nlanguage = \"es\"\n");
    town.run(&["report", "--store", "4"]).exits(0).says("conmutada, comprobada");
    town.run(&["report", "--store", "999"]).exits(2).says("sugerencia: ");
}

/// What an operator meets at work, in Spanish from the first word to the hint; `--lang` or the configuration says so.
#[test]
fn an_operator_is_spoken_to_in_spanish() {
    let town = three_stores();
    let told = |words: &[&str], code: i32, texts: &[&str]| {
        let ran = town.run(words).exits(code);
        for text in texts {
            assert!(ran.stderr.contains(text), "`{text}` is not said by {words:?}:\n{}", ran.stderr);
        }
        for english in ["error: store", "because:", "hint:", "warning:", "where:", "run `"] {
            assert!(!ran.stderr.contains(english), "`{english}` is said by {words:?}:\n{}", ran.stderr);
        }
    };
    let unread = town.run(&["plan", "--config", "nowhere.toml", "--lang", "es"]).exits(2);
    unread.says("error: no se puede leer el archivo de configuración");
    town.edit("tenantctl.toml", "[shared]\n", "[report]\nlanguage = \"es\"\n\n[shared]\n");
    told(&["plan"], 2, &["error: no se indicó ninguna tienda", "sugerencia: `--store LLAVE` indica una"]);
    told(&["plan", "--store", "999"], 2, &["la tienda 999 no está en el directorio"]);
    told(&["abandon", "--store", "4"], 2, &["la tienda 4 no tiene ninguna migración en la bitácora"]);
    told(&["resume"], 2, &["no hay bitácora", "`tenantctl migrate` empieza una"]);
    let nobody = ["status", "-d", "postgresql://postgres@127.0.0.1:1/x"];
    told(&nobody, 5, &["al conectar con postgresql://", "porque: no se pudo conectar", "revise que el servidor"]);
    told(
        &["migrate", "--store", "4", "--to", "verified", "--progress", "plain"],
        0,
        &["ejecución ", "tienda 4, copia de lines: se esperan 36 registros", "tienda 4, verificación: terminó en "],
    );
    told(&["abandon", "--store", "4"], 2, &["esto eliminaría lo creado en el esquema store_4", "use --yes"]);
    let held = town.paused("before_switch_commit", &["switch", "--store", "4"]);
    let second = town.run(&["switch", "--store", "4"]).exits(6);
    for text in ["error: otra ejecución tiene tomada la tienda 4", "porque: la ejecución ", "espere a que termine"] {
        assert!(second.stdout.contains(text), "`{text}`:\n{}", second.stdout);
    }
    held.kill();
    town.write("store_schema.sql", "create tabl {{schema}}.x ();\n");
    told(&["plan", "--store", "5"], 2, &["error: plantilla ", ", línea 1, columna 8", "corrija la plantilla"]);
    town.edit("tenantctl.toml", "schema = \"public\"", "scheam = \"public\"");
    told(&["stores", "--lang", "es"], 2, &["clave desconocida `scheam`", "¿quiso decir `schema`?"]);
    let english = town.run(&["stores", "--lang", "en", "--format", "json"]).exits(2);
    assert!(english.json()["error"]["message"].as_str().unwrap().contains("unknown key `scheam`"));
}

#[test]
fn an_ending_without_a_format_is_refused_before_any_work() {
    let town = three_stores();
    let words = ["migrate", "--store", "4", "--yes", "-o", "a.json", "-o", "report.pdf"];
    town.refuses(&words, 2, &["report.pdf", ".md"]);
    town.refuses(&["migrate", "--store", "4", "--yes", "-o", "nowhere/a.md"], 2, &["nowhere/a.md"]);
    assert!(!town.folder.path().join("a.json").exists());
}

#[test]
fn a_github_job_gets_annotations_and_a_summary_and_stdout_stays_one_document() {
    let town = three_stores();
    let summary = town.write("summary.md", "before\n");
    let run = |words: &[&str]| -> Ran {
        let mut command = town.command(words);
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary).env("CI", "true");
        finish(command)
    };
    run(&["migrate", "--store", "4", "--to", "copied", "-f", "json"]).exits(0).json();
    let schema_4 = town.value("select nspname from pg_namespace where nspname like 'store%4' or nspname = 'store_4'");
    town.sql(&format!("delete from {schema_4}.lines where id = (select min(id) from {schema_4}.lines)"));
    let ran = run(&["verify", "--store", "4", "-f", "json"]).exits(3);
    assert_eq!(ran.json()["outcome"], "differs");
    let lines: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with("::error ")).collect();
    assert_eq!(lines.len(), 1, "{}", ran.stderr);
    assert!(lines[0].contains("::lines: differences in 1 row"), "{}", lines[0]);
    let summary = town.read("summary.md");
    assert!(summary.starts_with("before\n# ") && summary.contains("## ❌ "), "{summary}");
    let ran = run(&["verify", "--store", "999", "-f", "junit"]).exits(2);
    assert!(ran.stdout.contains("errors=\"1\"") && ran.stdout.contains("name=\"verify\""), "{}", ran.stdout);
    assert!(ran.stderr.contains("::error title=tenantctl verify::store 999"), "{}", ran.stderr);
}

/// A run of the binary on a terminal of 80 columns; `script` lends one.
fn on_a_terminal(town: &Town, words: &[&str], variables: &[(&str, &str)]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let line =
        format!("stty cols 80 rows 40; exec '{}' {} 2>/dev/null", env!("CARGO_BIN_EXE_tenantctl"), quoted.join(" "));
    let own = town.command(&[]);
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).current_dir(town.folder.path()).stdin(std::process::Stdio::null());
    for (name, value) in own.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env("TERM", "xterm-256color").envs(variables.iter().copied());
    finish(command).exits(0).stdout.replace("\r\n", "\n")
}

/// What is not the same in two runs becomes `…`, with the lines that hang under it.
fn steady(page: &str) -> String {
    const VARYING: [&str; 22] = [
        "date",
        "fecha",
        "copied",
        "copiado",
        "database",
        "base de datos",
        "shared snapshot",
        "instantánea compartida",
        "instantanea compartida",
        "store snapshot",
        "instantánea de la tienda",
        "instantanea de la tienda",
        "verified",
        "verificado",
        "switched",
        "conmutado",
        "longest hold",
        "bloqueo más largo",
        "bloqueo mas largo",
        "run",
        "forecast",
        "pronóstico",
    ];
    let mut lines: Vec<String> = vec![];
    let mut varies = false;
    for line in page.lines() {
        let plain = without_colour(line);
        let hangs = plain.starts_with("     ");
        if hangs && varies {
            continue;
        }
        let label = plain.strip_prefix("  ").and_then(|rest| rest.split_once("  ")).map(|(label, _)| label);
        varies = label.is_some_and(|label| VARYING.contains(&label));
        lines.push(match (varies, label) {
            (true, Some(label)) => format!("  {label}: …"),
            _ => line.replace('\u{1b}', "\\e"),
        });
    }
    lines.join("\n") + "\n"
}

fn without_colour(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or(part, |(_, rest)| rest))
}

/// Compares with the file of that name; `UPDATE_SNAPSHOTS=1` writes it.
#[track_caller]
fn looks_like(name: &str, page: &str) {
    let path = format!("{}/tests/snapshots/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let page = steady(page);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(page, kept, "{name} looks other than {path}; UPDATE_SNAPSHOTS=1 keeps the new look");
}

#[test]
fn the_report_looks_as_it_did_on_every_kind_of_terminal() {
    let town = three_stores();
    town.run(&["migrate", "--store", "4", "--yes"]).exits(0);
    let pipe = |lang: &str, variables: &[(&str, &str)]| {
        let mut command = town.command(&["report", "--store", "4", "--lang", lang]);
        command.envs(variables.iter().copied());
        finish(command).exits(0).stdout
    };
    for lang in ["en", "es"] {
        let words = ["report", "--store", "4", "--lang", lang];
        let piped = pipe(lang, &[]);
        assert!(!piped.contains('\u{1b}'));
        looks_like(&format!("pipe.{lang}"), &piped);
        looks_like(&format!("terminal_80.{lang}"), &on_a_terminal(&town, &words, &[]));
        for variable in [("NO_COLOR", "1"), ("TERM", "dumb")] {
            assert_eq!(on_a_terminal(&town, &words, &[variable]), piped, "{variable:?}");
        }
        let ascii = pipe(lang, &[("LC_ALL", "C")]);
        assert!(ascii.is_ascii(), "{ascii}");
        looks_like(&format!("ascii.{lang}"), &ascii);
    }
    let words = ["plan", "--store", "5", "--lang", "es"];
    looks_like("plan.es", &town.run(&words).exits(0).stdout);
    let refused = town.run(&["verify", "--store", "5", "--lang", "es"]).exits(2);
    looks_like("refusal.es", &refused.stdout);
    let markdown = town.run(&["report", "--store", "4", "--lang", "es", "-f", "markdown"]).exits(0).stdout;
    assert!(!markdown.contains('\u{1b}'));
}
