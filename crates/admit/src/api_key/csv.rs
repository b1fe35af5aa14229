//! Comma-separated values as RFC 4180 has them: quoted cells may hold commas, line ends and doubled quotes.

/// A row, with the number of the line it begins on (from 1).
pub(super) type Row = (usize, Vec<String>);

/// Rows of a file at most.
pub(super) const ROWS_MAX: usize = 10_001;

/// The rows of a text that are not blank; why not, in words, when a quote is never closed or there are more than [`ROWS_MAX`].
pub(super) fn rows(text: &str) -> Result<Vec<Row>, String> {
    let mut chars = text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable();
    let (mut rows, mut cells, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut begun, mut quoted) = (1, 1, false);
    loop {
        let next = chars.next();
        match next {
            Some('"') if quoted && chars.next_if_eq(&'"').is_some() => cell.push('"'),
            Some('"') if quoted => quoted = false,
            Some('"') if cell.trim().is_empty() => {
                cell.clear();
                quoted = true;
            }
            None if quoted => return Err(format!("the quote in the row of line {begun} is never closed")),
            Some(other) if quoted => {
                line += usize::from(other == '\n');
                cell.push(other);
            }
            Some(',') => cells.push(std::mem::take(&mut cell).trim().to_owned()),
            Some('\r') if chars.peek() == Some(&'\n') => {}
            Some('\n') | None => {
                cells.push(std::mem::take(&mut cell).trim().to_owned());
                let row = std::mem::take(&mut cells);
                if row.iter().any(|cell| !cell.is_empty()) {
                    rows.push((begun, row));
                }
                if rows.len() > ROWS_MAX {
                    return Err(format!("there are more than {ROWS_MAX} rows"));
                }
                if next.is_none() {
                    return Ok(rows);
                }
                line += 1;
                begun = line;
            }
            Some(other) => cell.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(usize, String)> {
        rows(text).unwrap().into_iter().map(|(line, cells)| (line, cells.join("|"))).collect()
    }

    #[test]
    fn cells_are_trimmed_and_quotes_hide_commas_and_line_ends() {
        assert_eq!(read("a, b ,c\r\n\r\n1,\"2,\"\"3\"\"\n4\",\n5"), [(1, "a|b|c".into()), (3, "1|2,\"3\"\n4|".into()), (5, "5".into())]);
        assert_eq!(read("\u{feff}name\n"), [(1, "name".into())]);
        assert_eq!(read(""), []);
    }

    #[test]
    fn an_open_quote_or_too_many_rows_are_told() {
        assert!(rows("a\n\"b,\nc").unwrap_err().contains("line 2"));
        assert!(rows(&"a\n".repeat(ROWS_MAX)).is_ok());
        assert!(rows(&"a\n".repeat(ROWS_MAX + 1)).is_err());
    }
}
