//! A name server on a port of its own, for what is asked of the domain name system.

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::{RData, Record, RecordType};
use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// What it knows
    Well,
    /// That it has failed
    Failing,
    /// Not at all
    Silent,
}

struct World {
    /// By name, with its dot: the strings of each record
    texts: HashMap<String, Vec<Vec<String>>>,
    answers: Answers,
    asked: usize,
}

/// Runs until the tests end.
pub struct NameServer {
    pub address: SocketAddr,
    world: Arc<Mutex<World>>,
}

impl NameServer {
    pub fn start() -> NameServer {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let world = Arc::new(Mutex::new(World {
            texts: HashMap::new(),
            answers: Answers::Well,
            asked: 0,
        }));
        let known = world.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok((length, from)) = socket.recv_from(&mut bytes) {
                let asked = Message::from_vec(&bytes[..length]).unwrap();
                if let Some(answer) = answer(&asked, &mut known.lock().unwrap()) {
                    socket.send_to(&answer.to_vec().unwrap(), from).unwrap();
                }
            }
        });
        NameServer { address, world }
    }

    /// Sets the TXT records of a name; each may have several strings.
    pub fn set(&self, name: &str, records: &[&[&str]]) {
        let records = records
            .iter()
            .map(|parts| parts.iter().map(|part| (*part).to_owned()).collect());
        let mut world = self.world.lock().unwrap();
        world.texts.insert(format!("{name}."), records.collect());
    }

    pub fn answers(&self, answers: Answers) {
        self.world.lock().unwrap().answers = answers;
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.world.lock().unwrap().asked
    }
}

fn answer(asked: &Message, world: &mut World) -> Option<Message> {
    world.asked += 1;
    let (id, code) = (asked.metadata.id, asked.metadata.op_code);
    if world.answers == Answers::Silent {
        return None;
    }
    let mut answer = Message::response(id, code);
    answer.metadata.recursion_available = true;
    let query = asked.queries.first()?.clone();
    let known = world.texts.get(&query.name.to_string().to_lowercase());
    match known {
        _ if world.answers == Answers::Failing => answer.metadata.response_code = ResponseCode::ServFail,
        None => answer.metadata.response_code = ResponseCode::NXDomain,
        Some(records) if query.query_type == RecordType::TXT => {
            for parts in records {
                let data = RData::TXT(TXT::new(parts.clone()));
                answer.add_answer(Record::from_rdata(query.name.clone(), 60, data));
            }
        }
        Some(_) => {}
    }
    answer.add_query(query);
    Some(answer)
}
