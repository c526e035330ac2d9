//! Errors, their causes and hints, and what work waits for, in Spanish: those that an operator meets in daily work.
//!
//! What the writer of a template or of a connection string is told stays English, and so do the server's own words:
//! people search for them. `translate` says how a sentence is found.

/// English and Spanish. The first that fits is taken, so what says more stands first.
pub(super) const SPANISH: &[(&str, &str)] = &[
    // which stores
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
    // the connection
    ("connecting to {}", "al conectar con {}"),
    ("no answer within {} s (connect_timeout)", "sin respuesta en {} s (connect_timeout)"),
    ("looking up {}: {}", "al buscar {}: {}"),
    ("the password cannot be read", "no se puede leer la contraseña"),
    (
        "no password is given: PGPASSWORD, ~/.pgpass or [database] password_command",
        "no se dio contraseña: PGPASSWORD, ~/.pgpass o password_command de [database]",
    ),
    ("the password is that of the connection string", "la contraseña es la de la cadena de conexión"),
    (
        "the password is what [database] password_command printed",
        "la contraseña es la que imprimió password_command de [database]",
    ),
    ("the password is looked for in {}", "la contraseña se busca en {}"),
    (
        "see that the server is up and that host and port are right; `pg_isready` asks it",
        "revise que el servidor esté en marcha y que host y puerto sean correctos; `pg_isready` lo pregunta",
    ),
    (
        "check user and password: -d, DATABASE_URL, PGPASSWORD or ~/.pgpass",
        "revise usuario y contraseña: -d, DATABASE_URL, PGPASSWORD o ~/.pgpass",
    ),
    (
        "check the database's name; `psql -l` lists the databases",
        "revise el nombre de la base de datos; `psql -l` las muestra",
    ),
    (
        "grant the right to this role, or connect as one that has it",
        "dé el permiso a este rol, o conéctese con uno que lo tenga",
    ),
    ("the password file {} is not used", "el archivo de contraseñas {} no se usa"),
    (
        "its mode is {n}: group or others may read or write it",
        "su modo es {}: el grupo u otros pueden leerlo o escribirlo",
    ),
    ("[database] password_command failed ({})", "password_command de [database] falló ({})"),
    (
        "run the command by hand; its first line of output is the password",
        "ejecute el comando a mano; la primera línea que imprime es la contraseña",
    ),
    ("the server has no TLS", "el servidor no tiene TLS"),
    ("the connection asks for sslmode={}", "la conexión pide sslmode={}"),
    (
        "switch it on in the server (ssl = on), or say sslmode=disable where nobody can listen",
        "actívelo en el servidor (ssl = on), o use sslmode=disable donde nadie pueda escuchar",
    ),
    ("the server's certificate cannot be used", "el certificado del servidor no se puede usar"),
    ("the certificate of {} has expired", "el certificado de {} venció"),
    ("it was valid until {}", "era válido hasta el {}"),
    ("the certificate is not for {}", "el certificado no es para {}"),
    ("it is for {}", "es para {}"),
    ("the certificate of {} comes from no trusted root", "el certificado de {} no viene de una raíz de confianza"),
    (
        "sslrootcert must name the certificate authority that signed it",
        "sslrootcert debe indicar la autoridad certificadora que lo firmó",
    ),
    (
        "another server answers than at the beginning of this run",
        "responde otro servidor que al principio de esta ejecución",
    ),
    ("run the command again; what is done stays done", "repita el comando; lo hecho, hecho está"),
    ("the server is PostgreSQL {n}; tenantctl needs 13", "el servidor es PostgreSQL {}; tenantctl necesita 13"),
    // the configuration
    (
        "no configuration says which tables hold the stores' rows",
        "ninguna configuración dice qué tablas tienen los registros de las tiendas",
    ),
    (
        "looked for tenantctl.toml in {} and every folder above it, and for {}",
        "se buscó tenantctl.toml en {} y en cada carpeta superior, y {}",
    ),
    (
        "looked for tenantctl.toml in {} and every folder above it",
        "se buscó tenantctl.toml en {} y en cada carpeta superior",
    ),
    (
        "write tenantctl.toml with a [[tables]] section per table (config.example.toml shows how), or name one with --config",
        "escriba tenantctl.toml con una sección [[tables]] por tabla (config.example.toml muestra cómo), o indique uno con --config",
    ),
    ("the configuration file {} cannot be read ({})", "no se puede leer el archivo de configuración {} ({})"),
    (
        "name a file that is there; without one, the nearest tenantctl.toml upwards is taken",
        "indique un archivo que exista; sin él se toma el tenantctl.toml más cercano hacia arriba",
    ),
    ("unknown key `{}`", "clave desconocida `{}`"),
    ("known here: {}", "aquí se conocen: {}"),
    ("did you mean `{}`?", "¿quiso decir `{}`?"),
    (
        "correct the line; config.example.toml shows how each key is written",
        "corrija la línea; config.example.toml muestra cómo se escribe cada clave",
    ),
    ("{} has no profile `{}`", "{} no tiene el perfil `{}`"),
    ("profiles are {}", "los perfiles son {}"),
    ("the environment variable {} is not set", "la variable de entorno {} no está definida"),
    ("set it, or write {}", "defínala, o escriba {}"),
    ("no template is configured", "no hay ninguna plantilla configurada"),
    ("there is no schema `{}`", "no existe el esquema `{}`"),
    ("correct [shared] schema", "corrija schema en [shared]"),
    ("there is no table {} for the registry", "no existe la tabla {} del directorio"),
    (
        "correct [registry] table; capitals and dots inside a name want double quotes",
        "corrija table en [registry]; mayúsculas y puntos dentro de un nombre van entre comillas dobles",
    ),
    (
        "the manifest names table `{}`, which schema `{}` does not have",
        "la configuración nombra la tabla `{}`, que el esquema `{}` no tiene",
    ),
    ("correct [[tables]], or [shared] schema", "corrija [[tables]], o schema en [shared]"),
    ("table `{}` has no column `{}`", "la tabla `{}` no tiene la columna `{}`"),
    // files of the result
    ("the ending of {} names no format", "la terminación de {} no indica ningún formato"),
    ("use one of {}", "use una de {}"),
    ("there is no folder for {}", "no hay carpeta para {}"),
    ("make {} first", "cree antes {}"),
    ("{} is named twice", "{} está dos veces"),
    ("name each file once", "indique cada archivo una sola vez"),
    ("writing the result", "al escribir el resultado"),
    // the template
    ("template {}, line {n}, column {n}: {}", "plantilla {}, línea {}, columna {}: {}"),
    (
        "mend the template; `tenantctl template check` tries it",
        "corrija la plantilla; `tenantctl template check` la prueba",
    ),
    ("the template {} cannot be read", "no se puede leer la plantilla {}"),
    (
        "correct [store_schema] template or base_data; paths begin at the configuration's folder",
        "corrija template o base_data en [store_schema]; las rutas parten de la carpeta de la configuración",
    ),
    ("trying the template in a schema that is rolled back", "al probar la plantilla en un esquema que se deshace"),
    // what `doctor` finds
    ("role {} lacks {}: {}", "al rol {} le falta {}: {}"),
    (
        "PostgreSQL {} at {}, database {}, as role {}; {n} of {n} connections are free",
        "PostgreSQL {} en {}, base de datos {}, con el rol {}; conexiones libres: {} de {}",
    ),
    ("{n} connections are free; {n} more are needed", "quedan {} conexiones libres; hacen falta {} más"),
    (
        "lower --table-jobs, or raise max_connections (or the limit of role or database)",
        "baje --table-jobs, o suba max_connections (o el límite del rol o de la base de datos)",
    ),
    (
        "a pooler in transaction mode stands between us and the server",
        "entre nosotros y el servidor hay un pooler en modo de transacción",
    ),
    (
        "connect to PostgreSQL itself, or through a pooler in session mode",
        "conéctese directamente a PostgreSQL, o por un pooler en modo de sesión",
    ),
    ("the server is a standby and takes no writes", "el servidor es una réplica y no acepta escrituras"),
    (
        "there is no journal yet: no command has worked on a store of this database",
        "aún no hay bitácora: ningún comando ha trabajado en una tienda de esta base de datos",
    ),
    (
        "this role may not write the journal: `verify` prints its verdict and does not record it",
        "este rol no puede escribir en la bitácora: `verify` muestra su veredicto y no lo registra",
    ),
    ("{}: makes {n} objects; tried for store {}", "{}: crea {} objetos; probada para la tienda {}"),
    ("there is no store to try the template for", "no hay ninguna tienda con la que probar la plantilla"),
    (
        "some things could not be looked at: give these rights, then run doctor again",
        "hay cosas que no se pudieron revisar: dé estos permisos y ejecute doctor otra vez",
    ),
];

/// What the server and the driver say when nobody can connect.
pub(super) const OF_OTHERS: &[(&str, &str)] = &[
    ("error connecting to server: {}", "no se pudo conectar con el servidor: {}"),
    ("password authentication failed for user \"{}\" ({})", "la contraseña del usuario \"{}\" no es la correcta ({})"),
    ("database \"{}\" does not exist ({})", "la base de datos \"{}\" no existe ({})"),
    ("role \"{}\" does not exist ({})", "el rol \"{}\" no existe ({})"),
];
