use super::*;
use crate::AppId;

fn key() -> ChainKey {
    ChainKey::derive(&[7; 32])
}

fn row(id: i64) -> Row {
    Row {
        id,
        at: Millis(1000 + id),
        node: "n".to_owned(),
        event: "login".to_owned(),
        actor: "person".to_owned(),
        person: Some("p".to_owned()),
        app: Some(AppId(1)),
        times: 1,
        detail: "{}".to_owned(),
        sealed: Some("s".to_owned()),
    }
}

/// Two batches of three rows.
fn two() -> [(Batch, Vec<Placed>); 2] {
    let first = key().batch("n", 1, None, vec![row(1), row(2), row(3)]);
    let second = key().batch("n", 2, Some(&first.0.head), vec![row(4), row(5), row(6)]);
    [first, second]
}

#[test]
fn an_untouched_chain_has_no_findings() {
    let [first, second] = two();
    assert_eq!((first.0.rows, first.0.until, second.0.number), (3, Millis(1003), 2));
    assert_eq!(key().check(&first.0, None, &first.1), []);
    assert_eq!(key().check(&second.0, Some(&first.0.head), &second.1), []);
    let empty = key().batch("n", 3, Some(&second.0.head), Vec::new());
    assert_eq!(key().check(&empty.0, Some(&second.0.head), &empty.1), []);
}

#[test]
fn every_changed_value_of_a_row_names_the_row() {
    let changes: [fn(&mut Row); 10] = [
        |row| row.id = 9,
        |row| row.at = Millis(0),
        |row| row.node = "m".to_owned(),
        |row| row.event = "link".to_owned(),
        |row| row.actor = "app".to_owned(),
        |row| row.person = None,
        |row| row.app = Some(AppId(2)),
        |row| row.times = 2,
        |row| row.detail = "{\"a\":1}".to_owned(),
        |row| row.sealed = None,
    ];
    for change in changes {
        let [(batch, mut rows), _] = two();
        change(&mut rows[1].row);
        let id = rows[1].row.id;
        let expected = Finding::Row { chain: "n".to_owned(), batch: 1, place: 2, id };
        assert_eq!(key().check(&batch, None, &rows), [expected]);
    }
}

#[test]
fn a_row_that_is_removed_moved_or_put_in_is_named() {
    let chain = || "n".to_owned();
    for (gone, place) in [(0, 1), (1, 2), (2, 3)] {
        let [(batch, mut rows), _] = two();
        rows.remove(gone);
        assert_eq!(key().check(&batch, None, &rows), [Finding::NoRow { chain: chain(), batch: 1, place }]);
    }
    // Two rows change places, with their codes.
    let [(batch, mut rows), _] = two();
    (rows[0].place, rows[1].place) = (2, 1);
    rows.swap(0, 1);
    let moved = |place, id| Finding::Row { chain: chain(), batch: 1, place, id };
    assert_eq!(key().check(&batch, None, &rows), [moved(1, 2), moved(2, 1)]);
    // A row more, at a place that is taken or beyond the last.
    for place in [2, 3, 4] {
        let [(batch, mut rows), _] = two();
        let more = Placed { row: row(9), place, code: rows[0].code.clone() };
        rows.insert((place as usize).min(3), more);
        let findings = key().check(&batch, None, &rows);
        assert_eq!(findings, [Finding::Extra { chain: chain(), batch: 1, id: 9 }], "{place}");
    }
    // A row of another batch, with its code.
    let [(batch, mut rows), (_, others)] = two();
    rows[1] = Placed { place: 2, ..others[1].clone() };
    assert_eq!(key().check(&batch, None, &rows), [moved(2, 5)]);
}

#[test]
fn a_batch_whose_values_or_predecessor_differ_is_named() {
    let changes: [fn(&mut Batch); 3] =
        [|batch| batch.until = Millis(0), |batch| batch.head = "x".to_owned(), |batch| batch.head.clear()];
    for change in changes {
        let [(mut batch, rows), _] = two();
        change(&mut batch);
        assert_eq!(key().check(&batch, None, &rows), [Finding::Batch { chain: "n".to_owned(), batch: 1 }]);
    }
    let [_, (batch, rows)] = two();
    for previous in [None, Some("other")] {
        assert_eq!(key().check(&batch, previous, &rows), [Finding::Batch { chain: "n".to_owned(), batch: 2 }]);
    }
    // Fewer or more rows than the batch says.
    let [(batch, rows), _] = two();
    let fewer = Batch { rows: 2, ..batch.clone() };
    assert_eq!(key().check(&fewer, None, &rows), [Finding::Extra { chain: "n".to_owned(), batch: 1, id: 3 }]);
    let more = Batch { rows: 1 << 40, ..batch.clone() };
    assert_eq!(key().check(&more, None, &rows).len(), 1, "one line, not a line for each row that never was");
    // Nobody without the key makes a batch.
    let other = ChainKey::derive(&[8; 32]);
    assert_eq!(other.check(&batch, None, &rows).len(), 3);
}

#[test]
fn an_anchor_stands_for_deleted_batches_and_only_as_it_was_signed() {
    let [first, second] = two();
    let anchor = key().anchor(&first.0, 3);
    assert_eq!(key().check_anchor(&anchor), None);
    assert_eq!(key().check(&second.0, Some(&anchor.head), &second.1), []);
    let changes: [fn(&mut Anchor); 5] = [
        |anchor| anchor.chain = "m".to_owned(),
        |anchor| anchor.number = 2,
        |anchor| anchor.rows = 1,
        |anchor| anchor.until = Millis(0),
        |anchor| anchor.head = "x".to_owned(),
    ];
    for change in changes {
        let mut changed = anchor.clone();
        change(&mut changed);
        assert_eq!(key().check_anchor(&changed), Some(Finding::Anchor { chain: changed.chain.clone() }));
    }
}

#[test]
fn findings_are_sentences_that_name_the_place() {
    let chain = || "n".to_owned();
    for (finding, expected) in [
        (
            Finding::Row { chain: chain(), batch: 2, place: 3, id: 255 },
            "n, batch 2, row 3 (id ff): it was changed or moved",
        ),
        (Finding::NoRow { chain: chain(), batch: 2, place: 3 }, "n, batch 2, row 3: it is missing"),
        (Finding::Extra { chain: chain(), batch: 2, id: 255 }, "n, batch 2: the row ff does not belong to it"),
        (Finding::NoBatch { chain: chain(), batch: 2 }, "n, batch 2: it is missing"),
        (Finding::Anchor { chain: chain() }, "n: the anchor of the deleted batches was changed"),
    ] {
        assert_eq!(finding.to_string(), expected);
    }
    let batch = Finding::Batch { chain: chain(), batch: 2 }.to_string();
    assert!(batch.starts_with("n, batch 2: its head"), "{batch}");
    let head = Finding::NoHead { chain: chain(), batch: 2 }.to_string();
    assert!(head.starts_with("n, batch 2: the log"), "{head}");
}
