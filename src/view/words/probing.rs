//! What probes of the application saw, why they failed, and what `validate` says, in Spanish.
//!
//! What is wrong with a probe in the configuration stays English, like the rest of what its writer is told there.

/// English and Spanish. The first that fits is taken, so what says more stands first.
pub(super) const SPANISH: &[(&str, &str)] = &[
    // sql
    ("{n} statement, {n} row", "{} sentencia, {} registro"),
    ("{n} statement, {n} rows", "{} sentencia, {} registros"),
    ("{n} statements, {n} row", "{} sentencias, {} registro"),
    ("{n} statements, {n} rows", "{} sentencias, {} registros"),
    ("no row, where one was expected", "ningún registro, donde se esperaba uno"),
    ("{n} row, where none was expected: {}", "{} registro, donde no se esperaba ninguno: {}"),
    ("{n} rows, where none was expected: {}", "{} registros, donde no se esperaba ninguno: {}"),
    ("{n} row, where none was expected", "{} registro, donde no se esperaba ninguno"),
    ("{n} rows, where none was expected", "{} registros, donde no se esperaba ninguno"),
    ("not done within {}", "no terminó en {}"),
    ("statement {n}: {}", "sentencia {}: {}"),
    // http
    ("status {n}, {n} value equal to the query's", "estado {}, {} valor igual al de la consulta"),
    ("status {n}, {n} values equal to the query's", "estado {}, {} valores iguales a los de la consulta"),
    ("status {n}, {n} value at {}", "estado {}, {} valor en {}"),
    ("status {n}, {n} values at {}", "estado {}, {} valores en {}"),
    ("status {n} instead of {n}", "estado {} en lugar de {}"),
    ("status {n}", "estado {}"),
    ("no answer within {}", "sin respuesta en {}"),
    ("no answer: {}", "sin respuesta: {}"),
    ("the answer is no JSON: {}", "la respuesta no es JSON: {}"),
    ("nothing in the answer is at {}", "en la respuesta no hay nada en {}"),
    ("not in the answer: {}; not in the query: {}", "falta en la respuesta: {}; no está en la consulta: {}"),
    ("not in the answer: {}", "falta en la respuesta: {}"),
    ("not in the query: {}", "no está en la consulta: {}"),
    ("in another order: {} where {} should be", "en otro orden: {} donde debería estar {}"),
    ("the text {} where the query has the number {}", "el texto {} donde la consulta tiene el número {}"),
    ("the number {} where the query has the text {}", "el número {} donde la consulta tiene el texto {}"),
    ("the query was not done within {}", "la consulta no terminó en {}"),
    ("the query: {}", "la consulta: {}"),
    // command
    ("exit code {n}: {}", "código de salida {}: {}"),
    ("exit code {n}", "código de salida {}"),
    ("ended by a signal: {}", "terminado por una señal: {}"),
    ("ended by a signal", "terminado por una señal"),
    ("did not end within {}: {}", "no terminó en {}: {}"),
    ("did not end within {}", "no terminó en {}"),
    ("{} cannot be started: {}", "no se puede ejecutar {}: {}"),
    // validate
    ("{n} of {n} probes passed, sql alone", "{} de {} pruebas con éxito, solo sql"),
    ("{n} of {n} probes passed", "{} de {} pruebas con éxito"),
    ("store {} was made new: {s}", "la tienda {} se creó como nueva: {}"),
    ("file {} is there", "el archivo {} existe"),
    ("ask again, when what failed is mended", "para preguntar otra vez, cuando lo que falló esté corregido"),
    ("or route the application back", "o para devolver la aplicación al esquema compartido"),
    ("{n} stores failed a probe; ask all again", "{} tiendas fallaron una prueba; esto pregunta otra vez a todas"),
    ("the whole report, with the boxes that this ticks", "el informe completo, con las casillas que esto marca"),
    ("left out: it has no move in the journal", "excluida: no tiene migración en la bitácora"),
    ("left out: it is {s}", "excluida: está {}"),
    ("beginning a probe", "al comenzar una prueba"),
    ("running probe {}", "al ejecutar la prueba {}"),
    (
        "the configuration has no probes, so there is nothing to ask the application",
        "la configuración no tiene pruebas, así que no hay nada que preguntar a la aplicación",
    ),
    (
        "write [[probes]]; config.example.toml shows one of each kind",
        "escriba [[probes]]; config.example.toml muestra una de cada clase",
    ),
    ("none of these stores is switched", "ninguna de estas tiendas está conmutada"),
    ("`tenantctl stores` shows the stage of each", "`tenantctl stores` muestra la etapa de cada una"),
    (
        "store {} has no move in the journal, so no store schema to ask",
        "la tienda {} no tiene migración en la bitácora, así que no hay esquema al que preguntar",
    ),
    (
        "probes ask an application that is routed to the store schema",
        "las pruebas preguntan a una aplicación dirigida al esquema de la tienda",
    ),
    (
        "run `tenantctl switch --store {}` first; a probe with stage = \"verified\" may be asked before",
        "ejecute antes `tenantctl switch --store {}`; una prueba con stage = \"verified\" se puede hacer antes",
    ),
    ("store {} is {s}: no probe may be asked there", "la tienda {} está {}: ahí no se puede hacer ninguna prueba"),
    (
        "`tenantctl switch --store {}` routes it; a probe with stage = \"verified\" may be asked before",
        "`tenantctl switch --store {}` la dirige; una prueba con stage = \"verified\" se puede hacer antes",
    ),
    ("a statement of a probe ended its transaction", "una sentencia de una prueba terminó su transacción"),
    ("what stood before it may have been committed", "lo anterior puede haber quedado confirmado"),
    (
        "take out what commits: a procedure, or a function that opens a connection of its own",
        "quite lo que confirma: un procedimiento, o una función que abre su propia conexión",
    ),
];
