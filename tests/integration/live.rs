use crate::town::Town;
#[test]
fn timing() {
    let town = Town::sample();
    let t = std::time::Instant::now();
    let mut c = town.command(&["migrate", "--store", "13", "-q"]);
    c.env("RUST_LOG", "debug");
    let ran = crate::town::finish(c);
    println!("{:?} {}", t.elapsed(), ran.stderr);
    let mut run = town.start(&["migrate", "--store", "14", "--progress", "json"]);
    let t = std::time::Instant::now();
    for word in ["run_started", "\"plan\"", "\"create\"", "\"copy\"", "table_done","unit_done", "\"verify\"", "\"switch\""] {
        run.wait_for(word);
        println!("{word} {:?}", t.elapsed());
    }
    run.end();
        println!("end {:?}", t.elapsed());
}
