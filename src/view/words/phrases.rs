//! Sentences of results that steps and `pg` make in English, in Spanish: checks, findings, classes, ways on.
//!
//! How a sentence is found, and what its slots take, is `translate`'s; errors are in `refusals`.

/// English and Spanish. The first that fits is taken, so what says more stands first.
pub(super) const SPANISH: &[(&str, &str)] = &[
    // details of checks
    ("{n} objects compared with the template", "{} objetos comparados con la plantilla"),
    ("{n} sequences, above the shared maximum", "{} secuencias, por encima del máximo compartido"),
    ("{n} sequences, above the store's own maximum", "{} secuencias, por encima del máximo de la tienda"),
    ("{n} of {n} tables", "{} de {} tablas"),
    ("{n} of {n} columns", "{} de {} columnas"),
    ("{} is not in the store schema", "{} no está en el esquema de la tienda"),
    (
        "foreign keys, defaults, views, policies, functions",
        "llaves foráneas, valores por omisión, vistas, políticas, funciones",
    ),
    // a store that begins as a copy of another
    (
        "cloned from store {}: {n} of {n} tables equal, {n} rows",
        "clonada de la tienda {}: {} de {} tablas iguales, {} registros",
    ),
    ("{}: what was sent is not there", "{}: lo que se envió no está"),
    ("{}: sent {}, read back {}", "{}: se envió {}, se leyó de vuelta {}"),
    ("the rows are not loaded yet", "los registros aún no se cargan"),
    ("schema {} has rows in it, which are not copied", "el esquema {} tiene registros en ella, que no se copian"),
    (
        "the manifest does not list it, so nobody knows where the store's key is in it",
        "el manifiesto no la menciona, así que nadie sabe dónde está en ella la clave de la tienda",
    ),
    ("schema {} has no such table", "el esquema {} no tiene esa tabla"),
    (
        "bring schema {} and the template together first: a clone leaves nothing out",
        "primero haga coincidir el esquema {} y la plantilla: una clonación no omite nada",
    ),
    ("the shared tables were altered since", "las tablas compartidas se modificaron desde entonces"),
    ("{n} of {n}", "{} de {}"),
    // items of checks
    ("foreign key {} of {} is not validated", "la llave foránea {} de {} no está validada"),
    ("differs: {}: expected {}, found {}", "difiere: {}: se esperaba {}, se encontró {}"),
    ("missing: {}", "falta: {}"),
    ("extra: {}", "sobra: {}"),
    ("sequence {} stands at {} while {} reaches {}", "la secuencia {} va en {} y {} llega a {}"),
    ("{}: {n} rows", "{}: {} registros"),
    // a store that leaves
    (
        "schema {} will be dropped with all its rows; no copy of them is kept",
        "se eliminará el esquema {} con todos sus registros; no se guarda ninguna copia",
    ),
    ("schema {} will be dropped once all of it is in {}", "se eliminará el esquema {} cuando todo él esté en {}"),
    (
        "{n} tables with {n} rows are in {}: loaded again, and equal by their digests",
        "{} tablas con {} registros están en {}: se cargaron de nuevo, y son iguales según sus resúmenes",
    ),
    ("schema {} is dropped, and its role if it had one", "se eliminó el esquema {}, y su rol si tenía uno"),
    (
        "schema {} was there before tenantctl: it is empty now, and stays",
        "el esquema {} existía antes de tenantctl: ahora está vacío, y se queda",
    ),
    (
        "its rows of the shared schema and its row of the registry are as they were",
        "sus registros del esquema compartido y su fila del registro de tiendas quedan como estaban",
    ),
    // schemas that stand ready
    ("schemas that stand ready for new stores: {n}", "esquemas listos para tiendas nuevas: {}"),
    ("dropped, since they serve nobody: {}", "eliminados, pues ya no sirven a nadie: {}"),
    ("it took a schema that stood ready", "tomó un esquema que estaba listo"),
    ("a new store takes one", "una tienda nueva toma uno"),
    // alerts
    ("stores that were looked at: {n}", "tiendas revisadas: {}"),
    ("stores measured: {n}", "tiendas medidas: {}"),
    ("{n} rules, {n} stores; told: {}", "{} reglas, {} tiendas; se avisa a: {}"),
    ("alerts that are over: {n}", "alertas que terminaron: {}"),
    ("{} is unknown", "se desconoce {}"),
    ("{} is {}, above {}", "{} es {}, por encima de {}"),
    ("{} is {}, below {}", "{} es {}, por debajo de {}"),
    (
        "what was told is not kept: this role may not write the journal",
        "no se guarda lo que se avisó: este rol no puede escribir en la bitácora",
    ),
    (
        "another one watches already and tells; nobody was told by this one",
        "otro ya vigila y avisa; este no avisó a nadie",
    ),
    // backups
    (
        "no rows in a schema of its own, so only in a backup of the whole database: stores {}",
        "sin registros en un esquema propio, y por eso solo en un respaldo de toda la base: tiendas {}",
    ),
    (
        "prove it again, on any machine, without a database",
        "compruébelo de nuevo, en cualquier máquina, sin base de datos",
    ),
    (
        "prove them again, on any machine, without a database",
        "compruébelos de nuevo, en cualquier máquina, sin base de datos",
    ),
    ("look at it; then give it the live schema's place", "mírelo; después póngalo en el lugar del esquema en uso"),
    (
        "its definitions are written by pg_dump {n}: PostgreSQL {n} and later read them, {n} itself perhaps not",
        "sus definiciones las escribió pg_dump {}: PostgreSQL {} y posteriores las leen, {} mismo quizá no",
    ),
    (
        "store {} is {}: its application works on the shared schema, not on these rows",
        "la tienda {} está en {}: su aplicación trabaja en el esquema compartido, no en estos registros",
    ),
    (
        "{n} foreign keys that lead out of the schema are left out: {}",
        "se omiten {} llaves foráneas que salen del esquema: {}",
    ),
    (
        "function {} names schema {} in its text, and still means that one",
        "la función {} nombra el esquema {} en su texto, y se sigue refiriendo a él",
    ),
    (
        "{n} tables with {n} rows were written and read back: {}",
        "se escribieron y releyeron {} tablas con {} registros: {}",
    ),
    (
        "it is not there: the backup was never whole, or it was taken away",
        "no está: el respaldo nunca estuvo completo, o lo quitaron",
    ),
    ("it is not there", "no está"),
    ("it is no file", "no es un archivo"),
    ("it has a line that is no sum", "tiene una línea que no es una suma"),
    ("its {n} rows are not those that were written", "sus {} registros no son los que se escribieron"),
    ("{n} rows were written, {n} are there", "se escribieron {} registros, hay {}"),
    ("contents.json does not name it", "contents.json no lo nombra"),
    ("what it says of {} is not what contents.json says", "lo que dice de {} no es lo que dice contents.json"),
    ("it names {}, which contents.json does not", "nombra {}, que contents.json no nombra"),
    (
        "it has not the sum that SHA256SUMS says: one of the two is damaged",
        "no tiene la suma que dice SHA256SUMS: uno de los dos está dañado",
    ),
    ("it has not the sum that it was written with", "no tiene la suma con la que se escribió"),
    ("it cannot be read as the contents of a backup", "no se puede leer como contenido de un respaldo"),
    ("its last row is cut off", "su último registro está cortado"),
    (
        "its bytes have not the SHA-256 that its last frame says",
        "sus bytes no tienen el SHA-256 que dice su último bloque",
    ),
    // how the stores are
    ("{n} of {n} moved stores have no role of their own", "{} de {} tiendas migradas no tienen un rol propio"),
    (
        "pg_stat_statements is not installed in this database",
        "pg_stat_statements no está instalada en esta base de datos",
    ),
    ("track_counts is off, so nothing is counted", "track_counts está apagado, así que no se cuenta nada"),
    (
        "the sessions of other roles are hidden: `grant pg_read_all_stats` shows them",
        "las sesiones de otros roles están ocultas: `grant pg_read_all_stats` las muestra",
    ),
    (
        "not as they are on the disk: somebody has a table locked against all",
        "no como están en el disco: alguien tiene una tabla bloqueada para todos",
    ),
    ("somebody has a table locked against all", "alguien tiene una tabla bloqueada para todos"),
    // poolers
    (
        "{n} entries * pool_size {n} * processes {n} = {n} connections at most; the server has room for {n} (max_connections \
         {n}, {n} reserved, {n} used by others)",
        "{} entradas * pool_size {} * processes {} = {} conexiones como máximo; el servidor tiene lugar para {} \
         (max_connections {}, {} reservadas, {} usadas por otros)",
    ),
    (
        "{n} entries * pool_size {n} * processes {n} = {n} connections at most; the database has room for {n} (its connection \
         limit {n}, {n} used by others)",
        "{} entradas * pool_size {} * processes {} = {} conexiones como máximo; la base de datos tiene lugar para {} (su \
         límite de conexiones {}, {} usadas por otros)",
    ),
    ("no schema yet, so no entry: stores {}", "sin esquema todavía, y por eso sin entrada: tiendas {}"),
    (
        "give each store an entry and a role of its own: {}; then {}",
        "dé a cada tienda una entrada y un rol propios: {}; después {}",
    ),
    (
        "pin the role of each entry (`user=`), or the pools are one: {}",
        "fije el rol de cada entrada (`user=`), o habrá un solo grupo: {}",
    ),
    (
        "`tenantctl pooler --all --file FILE` writes the entries; then let the pooler read it: `RELOAD` in its console",
        "`tenantctl pooler --all --file FILE` escribe las entradas; después haga que el pooler lo lea: `RELOAD` en su consola",
    ),
    (
        "an entry per store, with its own role, keeps them apart: {}",
        "una entrada por tienda, con su propio rol, las mantiene separadas: {}",
    ),
    (
        "write server_reset_query = DISCARD ALL into pgbouncer.ini",
        "escriba server_reset_query = DISCARD ALL en pgbouncer.ini",
    ),
    ("written to {}", "escrito en {}"),
    ("let it read the file again", "para que lea el archivo de nuevo"),
    ("try whether two stores can meet behind it", "para probar si dos tiendas pueden encontrarse detrás de él"),
    (
        "{} leads to schema {}, as role {}; it should be schema {}, as role {}",
        "{} lleva al esquema {}, con el rol {}; debería ser el esquema {}, con el rol {}",
    ),
    ("{} leads to schema {}, as role {}", "{} lleva al esquema {}, con el rol {}"),
    (
        "transaction mode: clients of one entry meet; not safe there: {}; safe: transactions, SET LOCAL, pg_advisory_xact_lock",
        "modo transaction: los clientes de una entrada se encuentran; no es seguro ahí: {}; es seguro: transacciones, SET \
         LOCAL, pg_advisory_xact_lock",
    ),
    (
        "clients of {} and of {} never met, in {n} looks",
        "los clientes de {} y de {} nunca se encontraron, en {} intentos",
    ),
    (
        "two clients of {} meet: what one leaves, the other has ({})",
        "dos clientes de {} se encuentran: lo que deja uno, lo tiene el otro ({})",
    ),
    ("clients of {} and of {} meet: {}", "los clientes de {} y de {} se encuentran: {}"),
    (
        "session mode: a client has its server process alone, and nothing of it is left for the next",
        "modo session: cada cliente tiene su proceso del servidor para él solo, y nada de él queda para el siguiente",
    ),
    (
        "session mode: SET search_path by each client is safe; but all stores have one role, which may reach every schema",
        "modo session: SET search_path de cada cliente es seguro; pero todas las tiendas tienen un solo rol, que llega a todos \
         los esquemas",
    ),
    (
        "the next client of {} has what the last one left: the pooler resets nothing",
        "el siguiente cliente de {} tiene lo que dejó el anterior: el pooler no restablece nada",
    ),
    (
        "a server process of the pooler keeps what the test set",
        "un proceso del servidor del pooler conserva lo que la prueba fijó",
    ),
    // roles and isolation
    ("it was done, and rolled back", "se hizo, y se deshizo"),
    ("the answer was {}", "la respuesta fue {}"),
    ("not tried: the catalogs say that it would be done", "no se intentó: los catálogos dicen que se haría"),
    ("the role may not log in", "el rol no puede iniciar sesión"),
    ("its password is not known", "no se conoce su contraseña"),
    ("its login failed: {}", "no pudo iniciar sesión: {}"),
    ("everybody (PUBLIC) has {} on schema {}", "todos (PUBLIC) tienen {} en el esquema {}"),
    ("everybody (PUBLIC) has {} on database {}", "todos (PUBLIC) tienen {} en la base de datos {}"),
    ("everybody (PUBLIC) has {} on {}", "todos (PUBLIC) tienen {} en {}"),
    (
        "function {} runs with the rights of {} (SECURITY DEFINER), and the role may call it",
        "la función {} corre con los permisos de {} (SECURITY DEFINER), y el rol puede llamarla",
    ),
    (
        "procedure {} runs with the rights of {} (SECURITY DEFINER), and the role may call it",
        "el procedimiento {} corre con los permisos de {} (SECURITY DEFINER), y el rol puede llamarlo",
    ),
    (
        "materialized view {} reads {} with the rights of {}, and the role may read it",
        "la vista materializada {} lee {} con los permisos de {}, y el rol puede leerla",
    ),
    (
        "view {} reads {} with the rights of {}, and the role may read it",
        "la vista {} lee {} con los permisos de {}, y el rol puede leerla",
    ),
    ("foreign key {} of {} tells which keys {} has", "la llave foránea {} de {} revela qué llaves tiene {}"),
    ("foreign key {} of {} refers to {}", "la llave foránea {} de {} se refiere a {}"),
    ("trigger {} of {} runs {} with the rights of {}", "el disparador {} de {} ejecuta {} con los permisos de {}"),
    ("trigger {} of {} runs {}, outside the schema", "el disparador {} de {} ejecuta {}, fuera del esquema"),
    (
        "what {} makes in schema {} will be given to {}: {} on {}",
        "lo que {} cree en el esquema {} se otorgará a {}: {} en {}",
    ),
    ("what {} makes will be given to {}: {} on {}", "lo que {} cree se otorgará a {}: {} en {}"),
    ("role {} is a member of {}, a superuser", "el rol {} es miembro de {}, un superusuario"),
    ("role {} is a member of {}, the role of another store", "el rol {} es miembro de {}, el rol de otra tienda"),
    (
        "role {} is a member of {}, which owns what lies outside its schema",
        "el rol {} es miembro de {}, dueño de lo que está fuera de su esquema",
    ),
    (
        "role {} is a member of {}, a role with rights in every schema or on the server",
        "el rol {} es miembro de {}, un rol con permisos en todos los esquemas o en el servidor",
    ),
    ("role {} is a member of {}", "el rol {} es miembro de {}"),
    ("role {} is a superuser", "el rol {} es superusuario"),
    (
        "role {} may act as {}, though it is the role of another store",
        "el rol {} puede actuar como {}, aunque es el rol de otra tienda",
    ),
    ("role {} may act as {}", "el rol {} puede actuar como {}"),
    ("role {}, of another store, may use schema {}", "el rol {}, de otra tienda, puede usar el esquema {}"),
    (
        "role {} has no search_path of its own in this database",
        "el rol {} no tiene search_path propio en esta base de datos",
    ),
    ("role {} has search_path {}", "el rol {} tiene search_path {}"),
    ("role {} may become role {}", "el rol {} puede convertirse en el rol {}"),
    ("role {} may {} by a grant to it", "el rol {} puede {} por un permiso otorgado a él"),
    ("role {} may {} by a grant to everybody (PUBLIC)", "el rol {} puede {} por un permiso otorgado a todos (PUBLIC)"),
    (
        "role {} may {} through a role that it is a member of, or as a superuser",
        "el rol {} puede {} por un rol del que es miembro, o por ser superusuario",
    ),
    (
        "give the role anew what it may have, once the leaks are mended",
        "devuelve al rol lo que le corresponde, una vez cerradas las fugas",
    ),
    ("it makes schema and role", "crea el esquema y el rol"),
    ("make it", "lo crea"),
    ("give it its rights again", "le devuelve sus permisos"),
    ("give it a password, and show it once", "le da una contraseña y la muestra una sola vez"),
    ("give its role a password, and show it once", "le da a su rol una contraseña y la muestra una sola vez"),
    ("try what it may reach", "intenta ver hasta dónde llega"),
    (
        "role {} exists, and the journal does not know it as this store's; {t}",
        "el rol {} existe y el diario no lo conoce como el de esta tienda; {}",
    ),
    (
        "role {} exists, and the journal does not know it as this store's",
        "el rol {} existe y el diario no lo conoce como el de esta tienda",
    ),
    (
        "roles are the whole server's: somebody else, or another database, may use it",
        "los roles son de todo el servidor: puede usarlo alguien más, u otra base de datos",
    ),
    ("its comment says: {}", "su comentario dice: {}"),
    ("role {} lacks CREATEROLE: each store gets a role", "al rol {} le falta CREATEROLE: cada tienda recibe un rol"),
    ("[role] names table {}, which does not exist", "[role] nombra la tabla {}, que no existe"),
    ("role {} may not give {} on {}", "el rol {} no puede otorgar {} en {}"),
    ("it has no schema", "no tiene esquema"),
    // rehearsals
    (
        "left out: it is switched; `--store` rehearses it all the same",
        "se omite: ya está conmutada; `--store` la ensaya de todos modos",
    ),
    (
        "a rehearsal needs this name for itself: rename the schema, or drop it",
        "un ensayo necesita este nombre para sí: cambie el nombre del esquema, o elimínelo",
    ),
    ("drops what is left of the rehearsal, and rehearses again", "elimina lo que quedó del ensayo y ensaya otra vez"),
    ("what all stores would take, by these measures", "lo que tomarían todas las tiendas, según estas medidas"),
    // why a command comes next
    ("what the template says to each store's rows", "lo que la plantilla dice de los registros de cada tienda"),
    ("route the application to it", "dirige la aplicación a este esquema"),
    ("load the tables that differ again", "vuelve a cargar las tablas que difieren"),
    (
        "the application may have written since the switch; ask instead what a nightly job asks",
        "la aplicación puede haber escrito desde la conmutación; esto revisa lo que revisa un trabajo nocturno",
    ),
    ("{n} of {n} stores are not done", "{} de {} tiendas no están terminadas"),
    ("see the rows again", "muestra otra vez los registros"),
    ("copy its rows", "copia sus registros"),
    ("prove the copy", "demuestra la copia"),
    ("look at it every night", "para revisarla cada noche"),
    ("do it", "lo lleva a cabo"),
    ("go on", "continúa"),
    ("let it go on", "deja que continúe"),
    ("begin anew", "empieza de nuevo"),
    (
        "drop its schema; until then it cannot be moved anew",
        "elimina su esquema; hasta entonces no se puede mover de nuevo",
    ),
    // classes of tables
    ("listed, by its tenant column", "listada, por su columna de tienda"),
    ("listed, by its parent", "listada, por su tabla madre"),
    ("listed, by a condition", "listada, por una condición"),
    ("listed in ignore", "listada en ignore"),
    ("listed in common", "listada en common"),
    ("the application's table of stores", "la tabla de tiendas de la aplicación"),
    ("a partition of `{}`", "una partición de `{}`"),
    ("it inherits from `{}`", "hereda de `{}`"),
    ("nothing leads from it to a store", "nada lleva de ella a una tienda"),
    ("it has a column `{}`", "tiene una columna `{}`"),
    ("its foreign key `{}` leads to `{}`", "su llave foránea `{}` lleva a `{}`"),
    // findings and their hints
    (
        "a run needs {n} connections, and this role may open {n} more",
        "una ejecución necesita {} conexiones, y este rol puede abrir {} más",
    ),
    (
        "end idle sessions, raise max_connections or the role's limit, or load fewer tables at once (--table-jobs)",
        "termine sesiones ociosas, aumente max_connections o el límite del rol, o cargue menos tablas a la vez \
         (--table-jobs)",
    ),
    ("rows have no `{}`: they belong to no store and stay", "registros sin `{}`: no son de ninguna tienda y se quedan"),
    ("rows lead to no store by {}: they stay", "registros que no llevan a ninguna tienda por {}: se quedan"),
    (
        "could hold rows of a store and is listed nowhere: {}",
        "podría tener registros de una tienda y no está en ninguna lista: {}",
    ),
    (
        "list it under [[tables]], or in [shared] common or ignore: {}",
        "póngala en [[tables]], o en common o ignore de [shared]: {}",
    ),
    (
        "no index on its owner path ({}): each store's rows are found by reading the whole table, also inside the switch",
        "sin índice en su ruta a la tienda ({}): los registros se encuentran leyendo la tabla completa, también al conmutar",
    ),
    ("an index on the owner path makes the switch short", "un índice en esa ruta acorta la conmutación"),
    ("`{}` refers to it by `{}` and is not moved", "`{}` se refiere a ella por `{}` y no se migra"),
    ("row security hides rows from this role", "la seguridad por filas oculta registros a este rol"),
    (
        "connect as the table's owner or as a role with BYPASSRLS",
        "conéctese como dueño de la tabla o con un rol con BYPASSRLS",
    ),
    (
        "the template was not tried: this role may not create a schema",
        "la plantilla no se probó: este rol no puede crear un esquema",
    ),
    ("`migrate` needs CREATE on the database", "`migrate` necesita CREATE en la base de datos"),
    ("its store schema would be the shared schema `{}`", "su esquema sería el esquema compartido `{}`"),
    (
        "correct the registry's schema column, or [store_schema] name",
        "corrija la columna de esquema del directorio, o name en [store_schema]",
    ),
    (
        "the registry already names schema `{}`: an application that believes it finds nothing there yet",
        "el directorio ya nombra el esquema `{}`: una aplicación que le crea aún no encuentra nada ahí",
    ),
    ("schema `{}` belongs to store {}", "el esquema `{}` pertenece a la tienda {}"),
    (
        "make [store_schema] name tell the stores apart: {key} does",
        "haga que name en [store_schema] distinga las tiendas: {key} lo hace",
    ),
    (
        "schema `{}` exists and the journal does not know it; it holds {} objects: {}",
        "el esquema `{}` existe y la bitácora no lo conoce; tiene {} objetos: {}",
    ),
    (
        "schema `{}` exists and the journal does not know it; {}",
        "el esquema `{}` existe y la bitácora no lo conoce; {}",
    ),
    (
        "`--adopt` takes it over if it equals the template and has no rows; else rename or drop it",
        "`--adopt` lo toma si es igual a la plantilla y no tiene registros; si no, renómbrelo o elimínelo",
    ),
    (
        "{n} rows of this store are in the shared schema; it is not new",
        "hay {} registros de esta tienda en el esquema compartido; no es nueva",
    ),
    ("`tenantctl migrate --store {}` moves them", "`tenantctl migrate --store {}` los migra"),
    (
        "the template makes it and the manifest does not list it: it stays empty",
        "la plantilla la crea y la configuración no la lista: queda vacía",
    ),
    ("schema `{}` is not what the template makes: {}", "el esquema `{}` no es lo que crea la plantilla: {}"),
    ("`{}` has rows already", "`{}` ya tiene registros"),
    ("only an empty schema is taken over", "solo se toma un esquema vacío"),
    (
        "the template makes or changes {}, outside the store schema",
        "la plantilla crea o cambia {}, fuera del esquema de la tienda",
    ),
    ("a template may only make objects in {{schema}}", "una plantilla solo puede crear objetos en {{schema}}"),
    (
        "let it point at the store schema's own table or sequence",
        "diríjalo a la tabla o secuencia del propio esquema de la tienda",
    ),
    ("the template makes no table `{}`", "la plantilla no crea la tabla `{}`"),
    (
        "add it to the template, or list it as common or ignored",
        "agréguela a la plantilla, o póngala en common o ignore",
    ),
    ("the template lacks column `{}`", "a la plantilla le falta la columna `{}`"),
    (
        "add it to the template, or `{}` in its [[tables]] section",
        "agréguela a la plantilla, o ponga `{}` en su sección [[tables]]",
    ),
    ("the template requires column `{}`, which {} lacks", "la plantilla exige la columna `{}`, que {} no tiene"),
    ("give it a default, or allow NULL", "déle un valor por omisión, o permita NULL"),
    (
        "column `{}` is {} here and {} in the template: it cannot be converted without loss",
        "la columna `{}` es {} aquí y {} en la plantilla: no se puede convertir sin pérdida",
    ),
    (
        "give the template's column the same type, or a wider one",
        "dé a la columna de la plantilla el mismo tipo, o uno más amplio",
    ),
    (
        "rows of {n} stores that the registry lacks stay",
        "se quedan los registros de {} tiendas que no están en el directorio",
    ),
    ("the keys are store keys; `--all` does not reach them", "las llaves son de tiendas; `--all` no las alcanza"),
    (
        "rows of this store refer by `{}` to rows of `{}` that are another store's or nobody's",
        "registros de esta tienda se refieren por `{}` a registros de `{}` que son de otra tienda o de nadie",
    ),
    (
        "rows of other stores refer by `{}` to rows of this store in `{}`",
        "registros de otras tiendas se refieren por `{}` a registros de esta tienda en `{}`",
    ),
    (
        "correct the rows in the application, or the owner path in [[tables]]",
        "corrija los registros en la aplicación, o la ruta a la tienda en [[tables]]",
    ),
    (
        "the template's key `{}` ({}) would refuse rows that share a value",
        "la llave `{}` ({}) de la plantilla rechazaría registros que comparten un valor",
    ),
    (
        "correct the rows in the application, or the key in the template",
        "corrija los registros en la aplicación, o la llave en la plantilla",
    ),
    (
        "column `{}` is NULL in rows, and the template does not allow it",
        "la columna `{}` es NULL en registros, y la plantilla no lo permite",
    ),
    // findings of an audit
    (
        "rows that the condition of no store takes: they stay",
        "registros que la condición de ninguna tienda toma: se quedan",
    ),
    (
        "give the rows their store in the application, or delete them",
        "dé a los registros su tienda en la aplicación, o elimínelos",
    ),
    ("rows of stores that the registry lacks stay", "se quedan los registros de tiendas que no están en el directorio"),
    (
        "put the stores into the registry, or delete their rows",
        "agregue las tiendas al directorio, o elimine sus registros",
    ),
    ("rows belong to more than one store by {}", "registros que son de más de una tienda por {}"),
    (
        "let the owner path in [[tables]] lead each row to one store",
        "haga que la ruta en [[tables]] lleve cada registro a una sola tienda",
    ),
    (
        "rows whose `{}` names another store than their owner path ({})",
        "registros cuya columna `{}` nombra otra tienda que su ruta ({})",
    ),
    (
        "rows of a store refer by `{}` to rows of another store in `{}`",
        "registros de una tienda se refieren por `{}` a registros de otra tienda en `{}`",
    ),
    (
        "rows of a store refer by `{}` to rows of `{}` that belong to no store",
        "registros de una tienda se refieren por `{}` a registros de `{}` que no son de ninguna tienda",
    ),
    (
        "give those rows of `{}` their store, so that they are copied too",
        "dé a esos registros de `{}` su tienda, para que también se copien",
    ),
    (
        "rows refer by `{}` (not validated) to rows of `{}` that do not exist",
        "registros que se refieren por `{}` (no validada) a registros de `{}` que no existen",
    ),
    (
        "rows of this store refer by `{}` (not validated) to rows that do not exist",
        "registros de esta tienda se refieren por `{}` (no validada) a registros que no existen",
    ),
    (
        "correct the rows in the application; the store schema's key would refuse them",
        "corrija los registros en la aplicación; la llave del esquema de la tienda los rechazaría",
    ),
    (
        "rows were not held against the template's key `{}`: it is an exclusion constraint",
        "los registros no se cotejaron con la llave `{}` de la plantilla: es una restricción de exclusión",
    ),
    (
        "rows were not held against the template's key `{}`: {}",
        "los registros no se cotejaron con la llave `{}` de la plantilla: {}",
    ),
    (
        "where rows meet in it, the copy fails when the key is made, and says which",
        "si hay registros que chocan en ella, la copia falla al crear la llave y dice cuáles",
    ),
    (
        "foreign key `{}` of a partitioned table is checked when it is added: writers of the common table wait as long",
        "la llave foránea `{}` de una tabla particionada se comprueba al agregarla: quienes escriben en la tabla común esperan ese tiempo",
    ),
    (
        "foreign key `{}` to a common table stands before the load: it costs a check per row, and its lock holds up the common table's writers while the schema is made",
        "la llave foránea `{}` a una tabla común está antes de la carga: cuesta una comprobación por registro, y su bloqueo detiene a quienes escriben en la tabla común mientras se crea el esquema",
    ),
    (
        "move it behind the line `-- tenantctl: after the load`",
        "póngala después de la línea `-- tenantctl: after the load`",
    ),
    ("rows break the check `{}` (not validated)", "registros que incumplen la restricción `{}` (no validada)"),
    (
        "correct the rows in the application; the same check in the template would refuse them",
        "corrija los registros en la aplicación; la misma restricción en la plantilla los rechazaría",
    ),
    (
        "rows were not held against the check `{}` (not validated): {}",
        "no se revisaron los registros contra la restricción `{}` (no validada): {}",
    ),
    (
        "rows were not held against `{}` (not validated): this role may not read `{}`",
        "no se revisaron los registros contra `{}` (no validada): este rol no puede leer `{}`",
    ),
    (
        "listed nowhere, and its rows hang from `{}` by `{}`: deleting those deletes these (ON DELETE CASCADE)",
        "no está en ninguna lista y sus registros cuelgan de `{}` por `{}`: al borrar aquellos se borran estos (ON DELETE CASCADE)",
    ),
    (
        "listed nowhere, and its rows hang from `{}` by `{}`",
        "no está en ninguna lista y sus registros cuelgan de `{}` por `{}`",
    ),
    (
        "its rows are not moved; let the application do without the key before the switch",
        "sus registros no se migran; la aplicación debe prescindir de la llave antes de conmutar",
    ),
    (
        "it stays, and deleting rows of `{}` deletes rows of it by `{}` (ON DELETE CASCADE)",
        "se queda, y al borrar registros de `{}` se borran registros suyos por `{}` (ON DELETE CASCADE)",
    ),
    (
        "no index on {}, on its owner path ({}): each store's rows are found by reading whole tables",
        "sin índice en {}, en su ruta a la tienda ({}): los registros de cada tienda se encuentran leyendo tablas completas",
    ),
    (
        "its owner path ({}) is a condition: the catalogs do not tell whether an index finds the rows of a store",
        "su ruta a la tienda ({}) es una condición: los catálogos no dicen si un índice encuentra los registros de una tienda",
    ),
    ("left out: `[registry] where` does not take it", "excluida: `[registry] where` no la incluye"),
    ("its move is {s} already; the recorded plan counts", "su migración ya existe (etapa {}); vale el plan registrado"),
    (
        "{}: {} statements before the load, {} after it, make {} objects; tried for store {}",
        "{}: {} sentencias antes de la carga y {} después crean {} objetos; probada para la tienda {}",
    ),
    (
        "no journal yet: no command has worked on a store of this database",
        "aún no hay bitácora: ningún comando ha trabajado en una tienda de esta base de datos",
    ),
];
