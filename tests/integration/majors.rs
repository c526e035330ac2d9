//! What newer majors of PostgreSQL can write into a schema. On an older one the rest of the same application is moved.

use crate::town::Town;

/// The lines of a script that this server understands: those that end in `-- since N` only from that major on.
fn known(script: &str, major: u32) -> String {
    let known =
        |line: &&str| line.split_once("-- since ").is_none_or(|(_, since)| since.parse::<u32>().unwrap() <= major);
    script.lines().filter(known).collect::<Vec<_>>().join("\n")
}

const SHARED: &str = "
    create table kinds (code text primary key); insert into kinds values ('a'), ('b');
    create table stores (id integer primary key, schema_name text); insert into stores values (1), (2);
    create table rooms (
        store_id integer not null,
        id int4range not null,
        during int4range not null,
        primary key (id, during without overlaps), -- since 18
        seats integer
    );
    create table prices (
        id bigint generated always as identity primary key,
        store_id integer not null,
        net numeric not null,
        rate numeric default 0.16,
        gross numeric generated always as (net * (1 + rate)) stored,
        label text generated always as ('net ' || net::text) virtual, -- since 18
        was_virtual numeric generated always as (net * 2) virtual, -- since 18
        code text,
        foreign key (code) references kinds not enforced, -- since 18
        place text
    );
    create unique index on prices (place);
    create table bookings (
        room int4range,
        during int4range,
        foreign key (room, period during) references rooms (id, period during), -- since 18
        guest text
    );
    insert into prices (store_id, net, rate, code, place) select 1 + n % 2, n, n / 100.0, 'a', 'p' || n from generate_series(1, 40) n;
    insert into prices (store_id, net, place) values (1, 100, null), (1, 100, null);
    alter table prices add constraint place_given not null place not valid; -- since 18
    insert into rooms select 1 + n % 2, int4range(n, n + 1), int4range(1, 100), n from generate_series(1, 6) n;
    insert into bookings select int4range(n, n + 1), int4range(m, m + 2), 'x' from generate_series(1, 6) n, generate_series(1, 9, 2) m;
";

const TEMPLATE: &str = "
    create table {{schema}}.rooms (
        store_id integer not null,
        id int4range not null,
        during int4range not null,
        seats integer
    );
    create table {{schema}}.prices (
        id bigint generated always as identity,
        store_id integer not null,
        net numeric not null,
        rate numeric default 0.16,
        gross numeric generated always as (net * (1 + rate)) stored,
        label text generated always as ('net ' || net::text) virtual, -- since 18
        was_virtual numeric, -- since 18
        code text,
        place text
    );
    create table {{schema}}.bookings (room int4range, during int4range, guest text);
    -- tenantctl: after the load
    alter table {{schema}}.prices add primary key (id);
    alter table {{schema}}.prices add constraint place_given not null place not valid; -- since 18
    alter table {{schema}}.rooms add constraint few check (seats < 2) not enforced; -- since 18
    alter table {{schema}}.prices add foreign key (code) references {{shared}}.kinds not enforced; -- since 18
    alter table {{schema}}.rooms add primary key (id, during without overlaps); -- since 18
    create unique index on {{schema}}.prices (place);
    alter table {{schema}}.bookings add foreign key (room, period during) references {{schema}}.rooms (id, period during); -- since 18
";

const CONFIG: &str = "
    [registry]
    table = \"stores\"
    key = \"id\"
    schema_column = \"schema_name\"
    [store_schema]
    name = \"own_{key}\"
    template = \"store_schema.sql\"
    [[tables]]
    name = \"prices\"
    [[tables]]
    name = \"rooms\"
    [[tables]]
    name = \"bookings\"
    parent = \"rooms\"
    on = \"room = id\"
";

#[test]
fn what_only_newer_majors_know_is_moved_too() {
    let probe = Town::with("", "", "");
    let major = probe.value("select current_setting('server_version_num')::int / 10000").parse().unwrap();
    let town = Town::with(&known(SHARED, major), CONFIG, &known(TEMPLATE, major));
    let json = town.run(&["migrate", "--store", "1", "--format", "json"]).exits(0).json();
    let columns = if major >= 18 { "gross, label, was_virtual, place" } else { "gross, place" };
    town.same_rows(
        &format!("select id, net, rate, {columns} from public.prices where store_id = 1"),
        &format!("select id, net, rate, {columns} from own_1.prices"),
    );
    town.moved("public.bookings", "room in (select id from public.rooms where store_id = 1)", "own_1.bookings");
    assert_eq!(json["stores"][0]["row_count"], 22 + 3 + 15, "{json}");
    town.run(&["verify", "--store", "1", "--live"]).exits(0);

    // A computed column that says something else is a difference, also where it is computed by the one who reads.
    if major >= 18 {
        town.sql("alter table own_1.prices alter label set expression as ('n ' || net::text)");
        town.run(&["verify", "--store", "1"]).exits(3).says("prices").says("label");
        // Room 2 in another store's hands, at another time: whose its bookings are is told by the time.
        town.sql("insert into public.rooms values (2, '[2,2]', '[200,300]')");
        town.run(&["plan", "--store", "2"]).exits(2).says("refers");
    }
}
