//! Errors of the work itself, their causes and hints, and what work waits for, in Spanish.
//!
//! What stands around it (connection, configuration, rights) is in `surroundings`; `translate` finds a sentence.

/// English and Spanish. The first that fits is taken, so what says more stands first.
pub(super) const SPANISH: &[(&str, &str)] = &[
    // rehearsals
    (
        "every store is switched: there is no move left to rehearse",
        "todas las tiendas están conmutadas: no queda migración que ensayar",
    ),
    (
        "`--store KEY` rehearses a switched one all the same",
        "`--store LLAVE` ensaya de todos modos una que ya se conmutó",
    ),
    ("dropping what an earlier rehearsal left", "al eliminar lo que dejó un ensayo anterior"),
    ("dropping schema {}", "al eliminar el esquema {}"),
    (
        "schema {} still stands: `tenantctl abandon --rehearsal --store {}` drops it, and so does rehearsing again",
        "el esquema {} sigue en pie: `tenantctl abandon --rehearsal --store {}` lo elimina, y también ensayar otra vez",
    ),
    ("what the rehearsal made is dropped; rehearse again", "lo que hizo el ensayo ya se eliminó; ensaye otra vez"),
    (
        "a rehearsal of store {} would take the name of another store's schema",
        "un ensayo de la tienda {} tomaría el nombre del esquema de otra tienda",
    ),
    ("schema {} is what another store has, or will have", "el esquema {} es el que otra tienda tiene o tendrá"),
    (
        "change [store_schema] name, or that store's row in the registry",
        "cambie name de [store_schema], o el registro de esa tienda en el directorio",
    ),
    ("no rehearsal of store {} left anything", "ningún ensayo de la tienda {} dejó nada"),
    ("`tenantctl status` shows the runs that are not done", "`tenantctl status` muestra las ejecuciones sin terminar"),
    // which stores
    (
        "reading the registry {} with its `[registry] where`, `{}`",
        "al leer el directorio {} con su `[registry] where`, `{}`",
    ),
    (
        "correct the condition: it is SQL over the registry's own columns",
        "corrija la condición: es SQL sobre las columnas del directorio",
    ),
    (
        "the shared rows break this rule of the template: correct them or the rule; the same command then goes on",
        "los registros compartidos no cumplen esta regla de la plantilla: corríjalos, o la regla; el mismo comando continúa después",
    ),
    ("no store is named", "no se indicó ninguna tienda"),
    (
        "`--store KEY` names one, `--all` takes every store; `tenantctl stores` lists them",
        "`--store LLAVE` indica una, `--all` toma todas; `tenantctl stores` las muestra",
    ),
    ("no store is left after the selection", "no queda ninguna tienda después de la selección"),
    ("store {} is not in the registry {}", "la tienda {} no está en el directorio {}"),
    ("store {} has no row in any shared table", "la tienda {} no tiene registros en ninguna tabla compartida"),
    ("`tenantctl stores` lists the stores", "`tenantctl stores` muestra las tiendas"),
    ("`tenantctl stores` lists the stores with their keys", "`tenantctl stores` muestra las tiendas con su llave"),
    ("`tenantctl stores` shows the stage of each store", "`tenantctl stores` muestra la etapa de cada tienda"),
    (
        "`tenantctl stores` shows the stage of each; `tenantctl migrate --store KEY --to verified` copies one",
        "`tenantctl stores` muestra la etapa de cada una; `tenantctl migrate --store LLAVE --to verified` copia una",
    ),
    ("`{}` is no store key", "`{}` no es la llave de una tienda"),
    ("the tenant column is {}, and this is no {}", "la columna de tienda es de tipo {}, y esto no es {}"),
    ("the range `{}` runs backwards", "el rango `{}` va hacia atrás"),
    ("write `{}-{}`", "escriba `{}-{}`"),
    ("reading store keys from {}", "al leer las llaves de tiendas de {}"),
    (
        "name a file with a key per line, or - for stdin",
        "indique un archivo con una llave por línea, o - para la entrada estándar",
    ),
    (
        "the connection's `?schema={}` names the schema of store {}",
        "el `?schema={}` de la conexión es el esquema de la tienda {}",
    ),
    (
        "it is a store's own URL; tenantctl works on the shared schema",
        "es la URL propia de una tienda; tenantctl trabaja en el esquema compartido",
    ),
    ("connect without `?schema=`", "conéctese sin `?schema=`"),
    // stages that do not fit
    ("store {} has no move in the journal", "la tienda {} no tiene ninguna migración en la bitácora"),
    (
        "store {} has no copy yet: no move is in the journal",
        "la tienda {} aún no tiene copia: la bitácora no tiene ninguna migración suya",
    ),
    ("run `tenantctl {}` first", "ejecute antes `tenantctl {}`"),
    ("store {} is {s}: it has no whole copy yet", "la tienda {} está {}: aún no tiene una copia completa"),
    ("store {} is {s}: there are no two sides to compare", "la tienda {} está {}: no hay dos lados que comparar"),
    ("it has no move in the journal, so no copy", "la bitácora no tiene ninguna migración suya, así que no hay copia"),
    ("it is {s}: it has no whole copy yet", "está {}; aún no tiene una copia completa"),
    ("it is {s}: there are no two sides to compare", "está {}; no hay dos lados que comparar"),
    ("none of these stores has a copy to look at", "ninguna de estas tiendas tiene una copia que revisar"),
    ("store {} is {s}, not switched", "la tienda {} está {}, no conmutada"),
    ("store {} is {s}, not {s} yet", "la tienda {} está {}, todavía no {}"),
    (
        "store {} is {s}: its application works in schema {}",
        "la tienda {} está {}: su aplicación trabaja en el esquema {}",
    ),
    ("store {} is {s}", "la tienda {} está {}"),
    ("store {} has no schema yet", "la tienda {} aún no tiene esquema"),
    ("store {} is not verified yet", "la tienda {} aún no está verificada"),
    (
        "store {} has rows that are being moved; it is not new",
        "la tienda {} tiene registros que se están migrando; no es nueva",
    ),
    ("store {} is being made as a new one", "la tienda {} se está creando como nueva"),
    ("`tenantctl resume` goes on with it; its stage is {s}", "`tenantctl resume` la continúa; su etapa es {}"),
    (
        "store {} was switched and reversed; its schema {} still stands",
        "la tienda {} se conmutó y se revirtió; su esquema {} todavía existe",
    ),
    (
        "`tenantctl abandon --store {}` drops it and clears the way",
        "`tenantctl abandon --store {}` lo elimina y despeja el camino",
    ),
    (
        "`tenantctl abandon --store {}` clears the way for a new move",
        "`tenantctl abandon --store {}` despeja el camino para otra migración",
    ),
    (
        "`tenantctl abandon --store {}` gives up a move before the switch",
        "`tenantctl abandon --store {}` abandona una migración antes de la conmutación",
    ),
    ("`tenantctl reverse --store {}` first", "antes, `tenantctl reverse --store {}`"),
    ("leave --live out: `tenantctl verify --store {}`", "quite --live: `tenantctl verify --store {}`"),
    ("the plan of store {} found what stops it", "el plan de la tienda {} encontró impedimentos"),
    ("`tenantctl plan --store {}` tells all of it", "`tenantctl plan --store {}` los muestra todos"),
    ("store {} was planned with other files: {t} changed", "la tienda {} se planeó con otros archivos: cambió {}"),
    (
        "the manifest ([[tables]], common, ignore, tenant_column)",
        "lo que se migra ([[tables]], common, ignore, tenant_column)",
    ),
    ("the template", "la plantilla"),
    ("the base data", "los datos base"),
    (
        "`--use-recorded` goes on with the recorded ones; or `tenantctl abandon --store {}` and begin anew",
        "`--use-recorded` continúa con los registrados; o `tenantctl abandon --store {}` y empiece de nuevo",
    ),
    (
        "the shared tables were altered since store {} was planned",
        "las tablas compartidas se modificaron desde que se planeó la tienda {}",
    ),
    (
        "`tenantctl abandon --store {}`, mend the template, and begin anew",
        "`tenantctl abandon --store {}`, corrija la plantilla y empiece de nuevo",
    ),
    ("`tenantctl abandon --store {}` and plan anew", "`tenantctl abandon --store {}` y planee de nuevo"),
    ("schema {} is gone since it was planned", "el esquema {} ya no existe desde que se planeó"),
    ("schema {} was made by somebody else since it was planned", "otra persona creó el esquema {} desde que se planeó"),
    (
        "this role may not create a schema, so the move cannot begin",
        "este rol no puede crear un esquema, así que la migración no puede empezar",
    ),
    // runs
    ("there is no journal, so nothing to report", "no hay bitácora, así que no hay nada que informar"),
    ("there is no journal, so no run to go on with", "no hay bitácora, así que no hay ejecución que continuar"),
    ("`tenantctl migrate` begins one", "`tenantctl migrate` empieza una"),
    ("the journal has no run yet", "la bitácora aún no tiene ejecuciones"),
    ("the journal has no move of that store or run", "la bitácora no tiene migraciones de esa tienda o ejecución"),
    ("`tenantctl status` lists the runs", "`tenantctl status` muestra las ejecuciones"),
    ("`tenantctl status` shows how far it is", "`tenantctl status` muestra cuánto lleva"),
    ("`tenantctl status` shows who works on it", "`tenantctl status` muestra quién trabaja en ella"),
    ("run {} of {} is still at work", "la ejecución {} de {} sigue en marcha"),
    ("run {} ({}) is not one to go on with", "la ejecución {} ({}) no es de las que se continúan"),
    ("give the command again; what is done is kept", "repita el comando; lo hecho se conserva"),
    ("no run is unfinished", "no hay ninguna ejecución sin terminar"),
    ("several runs are unfinished", "hay varias ejecuciones sin terminar"),
    ("name one: `tenantctl resume {}`", "indique una: `tenantctl resume {}`"),
    ("no run begins with `{}`", "ninguna ejecución empieza con `{}`"),
    ("several runs begin with `{}`", "varias ejecuciones empiezan con `{}`"),
    ("give more digits", "dé más dígitos"),
    ("not begun: the run ended before it", "sin empezar: la ejecución terminó antes"),
    ("not begun: the time was up", "sin empezar: se acabó el tiempo"),
    ("not begun: canary store {} did not end well", "sin empezar: la tienda canaria {} no terminó bien"),
    ("not begun: {n} stores failed before it", "sin empezar: antes fallaron {} tiendas"),
    ("nothing was begun: the answer was no", "no se empezó nada: la respuesta fue no"),
    ("another try: {t}", "otro intento: {}"),
    ("another run holds store {}", "otra ejecución tiene tomada la tienda {}"),
    ("another run has taken store {} over", "otra ejecución tomó la tienda {}"),
    ("another run has taken this store over", "otra ejecución tomó esta tienda"),
    ("run {} of {} (process {n}, backend {n}) since {}", "la ejecución {} de {} (proceso {}, backend {}) desde {}"),
    ("it has just been given back; try again", "acaba de quedar libre; intente de nuevo"),
    (
        "wait for it, or `tenantctl status` shows how far it is",
        "espere a que termine; `tenantctl status` muestra cuánto lleva",
    ),
    ("a backend of run {} is still at work (pid {n})", "un backend de la ejecución {} sigue trabajando (pid {})"),
    ("end it: select pg_terminate_backend({n})", "termínelo: select pg_terminate_backend({})"),
    ("interrupted; nothing was changed", "interrumpido; no se cambió nada"),
    ("interrupted", "interrumpido"),
    (
        "all that is done is kept; go on with `tenantctl resume {}`",
        "todo lo hecho se conserva; continúe con `tenantctl resume {}`",
    ),
    (
        "how the run ended could not be written to the journal: {}",
        "no se pudo escribir en la bitácora cómo terminó la ejecución: {}",
    ),
    // questions
    ("there is no terminal to ask on", "no hay una terminal en la que preguntar"),
    ("pass `--yes` to go on without a question", "use `--yes` para continuar sin preguntas"),
    ("give --yes to say that it is meant", "use --yes para confirmar que es lo que quiere"),
    ("the answer could not be read", "no se pudo leer la respuesta"),
    ("this would {t}, store {}", "esto {}; tienda {}"),
    ("drop what was made in schema {}", "eliminaría lo creado en el esquema {}"),
    ("switch its application back to the shared schema", "devolvería la aplicación al esquema compartido"),
    ("store {} is left as it is: the key was not typed", "la tienda {} queda como está: no se escribió la llave"),
    ("store {} is not switched: the answer was no", "la tienda {} no se conmutó: la respuesta fue no"),
    ("`--to verified` copies and proves without switching", "`--to verified` copia y verifica sin conmutar"),
    // copying and proving
    ("copying store {}, table {}", "al copiar la tienda {}, tabla {}"),
    ("verifying store {}", "al verificar la tienda {}"),
    ("switching store {}", "al conmutar la tienda {}"),
    ("reading table {}", "al leer la tabla {}"),
    ("adding foreign key {} of {}", "al agregar la llave foránea {} de {}"),
    ("validating foreign key {} of {}", "al validar la llave foránea {} de {}"),
    ("making the journal, schema tenantctl", "al crear la bitácora, esquema tenantctl"),
    ("{} has rows that tenantctl did not load", "{} tiene registros que tenantctl no cargó"),
    (
        "parts of {} are loaded and stay until the next run or `abandon`: {}",
        "partes de {} están cargadas y quedan hasta la próxima ejecución o `abandon`: {}",
    ),
    (
        "somebody writes to the store schema already; loading would drop those rows",
        "alguien ya escribe en el esquema de la tienda; cargar eliminaría esos registros",
    ),
    (
        "move them away, or `tenantctl verify --store {}` names them once all is copied",
        "muévalos, o `tenantctl verify --store {}` los nombra cuando todo esté copiado",
    ),
    ("the common table of foreign key `{}` stays busy", "la tabla común de la llave foránea `{}` sigue ocupada"),
    ("run the same command again when it is quieter", "repita el comando cuando haya menos actividad"),
    (
        "the base data makes or changes {}, outside the store schema",
        "los datos base crean o cambian {}, fuera del esquema de la tienda",
    ),
    ("{} has rows by now; only an empty schema is taken over", "{} ya tiene registros; solo se toma un esquema vacío"),
    ("locking the store schema", "al bloquear el esquema de la tienda"),
    ("dropping foreign keys to common tables", "al eliminar las llaves foráneas a tablas comunes"),
    ("putting back {}", "al reponer {}"),
    ("loading the base data", "al cargar los datos base"),
    ("running the report's sample `{}`", "al ejecutar la muestra `{}` del informe"),
    ("asking whether the transaction was committed", "al preguntar si la transacción quedó confirmada"),
    // the switch
    ("{} changed; copying again", "cambios en {}; se copia otra vez"),
    (
        "a common table is busy; foreign key {} is tried again",
        "una tabla común está ocupada; se intenta otra vez la llave foránea {}",
    ),
    (
        "pid {n} ({}) sits idle in a transaction that holds {}, since {}",
        "el pid {} ({}) está inactivo en una transacción que retiene {}, desde {}",
    ),
    ("the switch did not come about in {n} tries", "la conmutación no se logró en {} intentos"),
    ("the shared tables stay busy", "las tablas compartidas siguen ocupadas"),
    ("a writer holds a shared table", "alguien que escribe retiene una tabla compartida"),
    ("the deadline of {n} ms passed", "pasó el plazo de {} ms"),
    (
        "try again when it is quieter: `tenantctl switch --store {}`; all that is copied is kept",
        "intente de nuevo cuando haya menos actividad: `tenantctl switch --store {}`; todo lo copiado se conserva",
    ),
    (
        "try again when it is quieter: `tenantctl switch --store {}`",
        "intente de nuevo cuando haya menos actividad: `tenantctl switch --store {}`",
    ),
    (
        "store {} is being written to: {} changed in each of {n} rounds",
        "se está escribiendo en la tienda {}: cambió {} en cada una de {} rondas",
    ),
    ("schema {} is not what was proven: {}", "el esquema {} no es lo que se verificó: {}"),
    ("somebody changed it since it was verified", "alguien lo cambió después de la verificación"),
    (
        "`tenantctl verify --store {}` names the rows; nothing was switched",
        "`tenantctl verify --store {}` nombra los registros; no se conmutó nada",
    ),
    ("`tenantctl verify --store {}` names the rows", "`tenantctl verify --store {}` nombra los registros"),
    (
        "the tables that were copied again are not equal to the shared rows",
        "las tablas copiadas de nuevo no son iguales a los registros compartidos",
    ),
    (
        "the last look for changes takes {n} ms, and [switch] deadline leaves {n} ms for it",
        "la última búsqueda de cambios tarda {} ms, y deadline de [switch] le deja {} ms",
    ),
    ("writers of other stores would wait as long", "quienes escriben en otras tiendas esperarían lo mismo"),
    (
        "try again when it is quieter, or give [switch] deadline more time",
        "intente de nuevo cuando haya menos actividad, o dé más tiempo a deadline de [switch]",
    ),
    (
        "index the owner path of {}, or give [switch] deadline more time",
        "cree un índice en la ruta a la tienda de {}, o dé más tiempo a deadline de [switch]",
    ),
    (
        "no registry column receives the store schema, so there is nothing to switch",
        "ninguna columna del directorio recibe el esquema de la tienda, así que no hay nada que conmutar",
    ),
    ("the application must be given {} by hand", "hay que darle a mano a la aplicación {}"),
    (
        "give it, then record it: `tenantctl switch --store {} --by-hand`",
        "désela, y luego regístrelo: `tenantctl switch --store {} --by-hand`",
    ),
    (
        "give the application its URL or schema, then record that you did",
        "dé a la aplicación su URL o esquema, y luego registre que lo hizo",
    ),
    (
        "store {} is no longer new: {n} rows of it are in {}",
        "la tienda {} ya no es nueva: {} de sus registros están en {}",
    ),
    (
        "`tenantctl abandon --store {}`, then `tenantctl migrate --store {}` moves them",
        "`tenantctl abandon --store {}`, y después `tenantctl migrate --store {}` los migra",
    ),
    ("store {} is no longer in the registry {}", "la tienda {} ya no está en el directorio {}"),
    (
        "put its row back, or `tenantctl abandon` the move",
        "vuelva a poner su registro, o abandone la migración con `tenantctl abandon`",
    ),
    (
        "the shared tables were altered in this very moment",
        "las tablas compartidas se modificaron en este mismo momento",
    ),
    ("plan anew", "planee de nuevo"),
    // taking back and giving up
    ("store {} was changed since the switch: {}", "la tienda {} cambió desde la conmutación: {}"),
    (
        "going back would lose what the application wrote to the store schema",
        "volver perdería lo que la aplicación escribió en el esquema de la tienda",
    ),
    (
        "`tenantctl reverse --store {} --lose-changes` gives those rows up",
        "`tenantctl reverse --store {} --lose-changes` renuncia a esos registros",
    ),
    (
        "the registry's row is not what the switch wrote",
        "el registro del directorio no es lo que escribió la conmutación",
    ),
    ("somebody changed it since", "alguien lo cambió desde entonces"),
    (
        "set it back by hand, or correct it to the switch's values first",
        "devuélvalo a mano, o póngale antes los valores de la conmutación",
    ),
    ("schema {} has rows that tenantctl did not load: {}", "el esquema {} tiene registros que tenantctl no cargó: {}"),
    (
        "somebody wrote to the store schema; dropping it would lose those rows",
        "alguien escribió en el esquema de la tienda; eliminarlo perdería esos registros",
    ),
    ("save them first, or `--lose-changes` gives them up", "guárdelos antes, o renuncie a ellos con `--lose-changes`"),
    ("schema {} holds what tenantctl did not make: {}", "el esquema {} tiene lo que tenantctl no creó: {}"),
    (
        "move it to another schema, or drop it yourself; then try again",
        "muévalo a otro esquema o elimínelo usted; después intente de nuevo",
    ),
    (
        "try again when it is quieter; nothing else was dropped",
        "intente de nuevo cuando haya menos actividad; no se eliminó nada más",
    ),
    (
        "the journal was written in another database and came here by a dump",
        "la bitácora se escribió en otra base de datos y llegó aquí con un respaldo",
    ),
    (
        "its snapshots mean nothing here, so no change since could be told",
        "sus instantáneas no significan nada aquí, así que no se notaría ningún cambio",
    ),
    (
        "give the move up with `tenantctl abandon`, and begin anew",
        "abandone la migración con `tenantctl abandon` y empiece de nuevo",
    ),
    (
        "the journal has version {n}; this tenantctl knows {n}",
        "la bitácora es de la versión {}; este tenantctl conoce la {}",
    ),
    ("use the tenantctl that wrote it, or a newer one", "use el tenantctl que la escribió, o uno más nuevo"),
];
