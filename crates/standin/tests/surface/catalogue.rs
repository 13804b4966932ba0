//! Tests that the catalogue is complete: the program raises what it contains. (`demonstration.rs` provokes every raised
//! code. A test beside the catalogue checks that each code has its texts in four languages.)

use std::path::Path;

use kakaw_wire::Code;
use kakaw_wire::problem::Status;

fn sources(folder: &str) -> String {
    let mut text = String::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("catalogue.rs") {
                // What only the unit tests of a file raise does not count.
                text.push_str(std::fs::read_to_string(path).unwrap().split("#[cfg(test)]").next().unwrap());
            }
        }
    }
    text
}

#[test]
fn every_problem_is_raised_somewhere() {
    let program = format!("{}{}", sources("../platform/src"), sources("../core/src"));
    let catalogue = include_str!("../../../wire/src/problem.rs");
    let rows = catalogue.split("\nproblems! {").nth(1).unwrap().split("\n}").next().unwrap();
    let names = rows.lines().filter(|line| !line.trim_start().starts_with("///"));
    let names: Vec<_> = names.filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert!(names.len() > 40, "{names:?}");
    let missing: Vec<_> = names.iter().filter(|name| !program.contains(&format!("Problem::{name} "))).collect();
    assert!(missing.is_empty(), "nothing raises {missing:?}");
}

#[test]
fn the_list_of_what_comes_later_only_shrinks_and_of_what_is_only_explained_stays() {
    let count = |status: Status| Code::ALL.iter().filter(|code| code.status() == status).count();
    assert!(count(Status::Later) <= 1, "{} codes are put off", count(Status::Later));
    // KOE127 left the list when keys got allowed addresses.
    assert_eq!(count(Status::Explained), 38);
}
