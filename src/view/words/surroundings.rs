//! Errors of what stands around the work, their causes and hints, in Spanish: connection, configuration, files of the
//! result, the template's outer side, and what `doctor` finds.
//!
//! What the writer of a template or of a connection string is told of a single character stays English; so do the
//! server's own words but for a few: people search for them. `translate` finds a sentence.

/// English and Spanish. The first that fits is taken, so what says more stands first.
pub(super) const SPANISH: &[(&str, &str)] = &[
    // the connection
    ("connecting to {}", "al conectar con {}"),
    ("no answer within {} s (connect_timeout)", "sin respuesta en {} s (connect_timeout)"),
    ("looking up {}: {}", "al buscar {}: {}"),
    ("the password cannot be read", "no se puede leer la contraseña"),
    (
        "give the password by PGPASSWORD, ~/.pgpass or [database] password_command",
        "dé la contraseña con PGPASSWORD, ~/.pgpass o password_command de [database]",
    ),
    (
        "the password is that of the connection string: correct it there",
        "la contraseña es la de la cadena de conexión: corríjala ahí",
    ),
    (
        "run [database] password_command by hand: its first line must be the password of today",
        "ejecute a mano password_command de [database]: su primera línea debe ser la contraseña de hoy",
    ),
    ("look for this host, database and user in {}", "busque este host, esta base de datos y este usuario en {}"),
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
        "`tenantctl doctor --sql` prints the GRANTs that are missing (with `--for plan` or `--for verify` those of a \
         reader); or connect as a role that has them",
        "`tenantctl doctor --sql` imprime los GRANT que faltan (con `--for plan` o `--for verify`, los de un lector); o \
         conéctese con un rol que los tenga",
    ),
    (
        "check the host's name: -d, DATABASE_URL or PGHOST; `getent hosts NAME` asks as this program does",
        "revise el nombre del host: -d, DATABASE_URL o PGHOST; `getent hosts NOMBRE` pregunta como este programa",
    ),
    ("the password file {} is not used", "el archivo de contraseñas {} no se usa"),
    (
        "its mode is {n}: group or others may read or write it",
        "su modo es {}: el grupo u otros pueden leerlo o escribirlo",
    ),
    ("{} password_command failed ({})", "password_command de {} falló ({})"),
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
    (
        "then it was {}; it was restarted, or several share one name",
        "entonces era {}; se reinició, o varios comparten un nombre",
    ),
    ("the session does not keep `{} = {}`", "la sesión no conserva `{} = {}`"),
    (
        "the server shows `{}`; a pooler in between may swallow startup options",
        "el servidor muestra `{}`; puede que un pooler intermedio se trague las opciones de arranque",
    ),
    (
        "connect to PostgreSQL itself, or through a pooler in session mode that passes `options`",
        "conéctese directamente a PostgreSQL, o por un pooler en modo de sesión que pase `options`",
    ),
    (
        "a pooler stands in between: connect to PostgreSQL itself, or let it pass `options`",
        "hay un pooler en medio: conéctese directamente a PostgreSQL, o haga que pase `options`",
    ),
    ("the password file {} cannot be read", "no se puede leer el archivo de contraseñas {}"),
    ("{} password_command printed no password", "password_command de {} no imprimió ninguna contraseña"),
    (
        "the server needs a new certificate (ssl_cert_file, then reload); if it has one, look at the clock",
        "el servidor necesita un certificado nuevo (ssl_cert_file, y recargar); si ya lo tiene, revise el reloj",
    ),
    ("the certificate of {} is not valid yet", "el certificado de {} todavía no es válido"),
    ("it is valid from {}", "es válido desde el {}"),
    ("look at the clock of this machine", "revise el reloj de esta máquina"),
    (
        "its issuer is `{}`; the trusted roots are those of {}",
        "su emisor es `{}`; las raíces de confianza son las de {}",
    ),
    (
        "it signed itself: put this very certificate into the file of sslrootcert",
        "se firmó a sí mismo: ponga este mismo certificado en el archivo de sslrootcert",
    ),
    (
        "connect by a name that it is for (hostaddr=ADDRESS says where that is), or issue it for this one",
        "conéctese con un nombre para el que sea (hostaddr=DIRECCIÓN dice dónde está), o emítalo para este",
    ),
    ("the certificate of {} names no host", "el certificado de {} no nombra ningún host"),
    (
        "it has no subjectAltName, and the common name is not read",
        "no tiene subjectAltName, y el nombre común no se lee",
    ),
    (
        "issue it with subjectAltName={}; sslmode=verify-ca checks all but the name",
        "emítalo con subjectAltName={}; sslmode=verify-ca revisa todo menos el nombre",
    ),
    ("sslmode={} needs root certificates", "sslmode={} necesita certificados raíz"),
    ("sslrootcert names none", "sslrootcert no indica ninguno"),
    (
        "sslrootcert=FILE names your own certificate authority, sslrootcert=system takes those of the operating system",
        "sslrootcert=ARCHIVO indica su propia autoridad certificadora, sslrootcert=system toma las del sistema operativo",
    ),
    ("the server wants a certificate of the client", "el servidor pide un certificado del cliente"),
    ("sslcert and sslkey name it", "sslcert y sslkey lo indican"),
    ("the server does not accept the client's certificate", "el servidor no acepta el certificado del cliente"),
    (
        "sslcert must be signed by the authority in the server's ssl_ca_file, and be valid now",
        "sslcert debe estar firmado por la autoridad de ssl_ca_file del servidor, y ser válido ahora",
    ),
    ("it said {}", "dijo {}"),
    ("TLS failed", "falló TLS"),
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
    (
        "give the table its own `tenant_column`, a `parent`, or a `rows` condition",
        "dé a la tabla su propio `tenant_column`, un `parent` o una condición `rows`",
    ),
    ("`{}` is a partition of `{}`", "`{}` es una partición de `{}`"),
    (
        "list `{}` alone; its rows are read with all partitions",
        "ponga solo `{}`; sus registros se leen con todas las particiones",
    ),
    ("the registry {} has no column {}", "el directorio {} no tiene la columna {}"),
    ("its columns are {}", "sus columnas son {}"),
    ("the registry has a row without a key", "el directorio tiene un registro sin llave"),
    ("the registry {} has {n} rows of store {}", "el directorio {} tiene {} registros de la tienda {}"),
    (
        "[registry] key must name one row; correct the rows or the configuration",
        "key de [registry] debe indicar un solo registro; corrija los registros o la configuración",
    ),
    (
        "writing the registry {} changed {n} rows of store {}",
        "al escribir en el directorio {} cambiaron {} registros de la tienda {}",
    ),
    (
        "a trigger or a rule of the registry keeps it from being written",
        "un disparador o una regla del directorio impide escribir en él",
    ),
    (
        "let the role that tenantctl connects as write it",
        "permita que escriba en él el rol con el que se conecta tenantctl",
    ),
    ("no schema name can be made for store {}", "no se puede formar el nombre del esquema de la tienda {}"),
    (
        "there is no profile `{}`, for there is no configuration file",
        "no existe el perfil `{}`, porque no hay archivo de configuración",
    ),
    ("add a section [profile.{}.database]", "agregue una sección [profile.{}.database]"),
    // files of the result
    ("the ending of {} names no format", "la terminación de {} no indica ningún formato"),
    ("use one of {}", "use una de {}"),
    ("there is no folder for {}", "no hay carpeta para {}"),
    ("make {} first", "cree antes {}"),
    ("{} is named twice", "{} está dos veces"),
    ("name each file once", "indique cada archivo una sola vez"),
    ("writing the result", "al escribir el resultado"),
    ("writing the step's summary", "al escribir el resumen del paso"),
    ("making a folder for the demo", "al crear una carpeta para la demostración"),
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
    ("the template ended its own transaction", "la plantilla terminó su propia transacción"),
    // what `doctor` finds
    (
        "role {} lacks {n} rights on schema {}: verify reads store {} ([store_schema] readers gives them to new ones)",
        "al rol {} le faltan {} permisos sobre el esquema {}: verify lee la tienda {} ([store_schema] readers los da a los \
         nuevos)",
    ),
    (
        "`tenantctl doctor --for verify --sql` prints the GRANTs",
        "`tenantctl doctor --for verify --sql` imprime los GRANT",
    ),
    ("nothing was found that stops `{}`", "no se encontró nada que impida `{}`"),
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
    (
        "connect to the primary; among several hosts target_session_attrs=primary finds it",
        "conéctese al servidor primario; entre varios, target_session_attrs=primary lo encuentra",
    ),
    ("the server makes every transaction read-only", "el servidor hace de solo lectura todas las transacciones"),
    (
        "look at default_transaction_read_only of the server, the database and the role",
        "revise default_transaction_read_only del servidor, de la base de datos y del rol",
    ),
    ("[store_schema] names role {}, which does not exist", "[store_schema] nombra el rol {}, que no existe"),
    (
        "a store schema has {n} objects; all transactions together have {n} locks",
        "un esquema de tienda tiene {} objetos; todas las transacciones juntas tienen {} bloqueos",
    ),
    ("raise max_locks_per_transaction (now {n}) and restart", "suba max_locks_per_transaction (ahora {}) y reinicie"),
];

/// What the server and the driver say when nobody can connect.
pub(super) const OF_OTHERS: &[(&str, &str)] = &[
    ("error connecting to server: {}", "no se pudo conectar con el servidor: {}"),
    ("password authentication failed for user \"{}\" ({})", "la contraseña del usuario \"{}\" no es la correcta ({})"),
    ("database \"{}\" does not exist ({})", "la base de datos \"{}\" no existe ({})"),
    ("role \"{}\" does not exist ({})", "el rol \"{}\" no existe ({})"),
];
