//! What a page costs, wherever it stands and however many rows there are.

use crate::http::{self, Connection};
use crate::load::quantile;
use serde_json::Value;
use std::time::Instant;

type Done<T> = Result<T, String>;

/// Rows of a page, so that 10,000 rows make 1,000 pages.
pub const PAGE: usize = 10;

/// Asks one after the other on one connection.
pub struct Asker<'a> {
    connection: Connection,
    token: &'a str,
    request: Vec<u8>,
}

impl<'a> Asker<'a> {
    pub fn new(port: u16, token: &'a str) -> Done<Asker<'a>> {
        let connection = Connection::open(port).map_err(|e| e.to_string())?;
        Ok(Asker {
            connection,
            token,
            request: Vec::new(),
        })
    }

    /// Milliseconds until the answer is there, which has to be a 200.
    pub fn ask(&mut self, path: &str) -> Done<f32> {
        http::get(&mut self.request, path, self.token);
        let begun = Instant::now();
        match self.connection.send(&self.request) {
            Ok(200) => Ok(begun.elapsed().as_secs_f32() * 1_000.0),
            Ok(status) => Err(format!(
                "{path}: {status}: {}",
                String::from_utf8_lossy(self.connection.body())
            )),
            Err(error) => Err(format!("{path}: {error}")),
        }
    }

    /// The medians of two requests, asked alternately, so that what else happens meets both alike.
    pub fn compare(&mut self, one: &str, other: &str, times: usize) -> Done<(f64, f64)> {
        let (mut ones, mut others) = (Vec::new(), Vec::new());
        for n in 0..times + times / 10 {
            let (first, second) = (self.ask(one)?, self.ask(other)?);
            if n >= times / 10 {
                ones.push(first);
                others.push(second);
            }
        }
        ones.sort_by(f32::total_cmp);
        others.sort_by(f32::total_cmp);
        Ok((quantile(&ones, 0.5), quantile(&others, 0.5)))
    }

    /// The path of page `number` of the list at `path`, found by walking there.
    pub fn walk(&mut self, path: &str, number: usize) -> Done<String> {
        let mut at = path.to_owned();
        for page in 1..number {
            self.ask(&at)?;
            let body: Value = serde_json::from_slice(self.connection.body()).map_err(|e| e.to_string())?;
            let cursor = body["pagination"]["next_cursor"].as_str();
            at = format!(
                "{path}&cursor={}",
                cursor.ok_or(format!("{path} ends at page {page}"))?
            );
        }
        Ok(at)
    }
}
