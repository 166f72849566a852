//! How a [`Memory`] is written: the same facts, without repeating any of them.
//!
//! Not a file format of its own: serde still turns it into JSON, and nothing outside this folder
//! sees it. Places and session ids stand in a table each, and records name them by their index;
//! records are arrays, since 50 marks with field names would cost as much as the marks. A
//! session id that is a UUID, as Claude's are, takes 22 characters instead of 36. With that, a
//! snapshot with an empty queue stays below 8 KiB in the worst case and near 3 KiB for one user.

use super::ids::{
    BlobId, ChatId, JobId, MessageId, Place, PostId, RunId, ThreadId, UserId, ViewId,
};
use super::memory::{
    AnswerMark, Interrupted, Job, Memory, PostKind, PostRecord, Ring, Running, Session, digit,
    letter,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::Hash;

/// What stands in `state.json`.
#[derive(Serialize, Deserialize)]
pub(super) struct Packed {
    version: u32,
    next_id: u64,
    offset: Option<i64>,
    ring: Ring,
    places: Vec<Spot>,
    names: Vec<String>,
    running: Option<PackedRunning>,
    queue: Vec<PackedJob>,
    posts: Vec<PackedPost>,
    /// Place, epoch, name.
    sessions: Vec<(u32, u32, u32)>,
    /// Place, count.
    epochs: Vec<(u32, u32)>,
    /// Job, token (in 11 characters instead of up to 20 digits).
    interrupted: Vec<(PackedJob, String)>,
    /// Place (of which the chat counts), message, name.
    answers: Vec<(u32, i64, u32)>,
    aliases: Vec<(i64, i64)>,
}

/// A place: most have no topic.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Spot {
    Chat(i64),
    Topic(i64, i64),
}

/// Id, place, user, message, prompt, epoch, name + 1 (0: none), slash command.
#[derive(Serialize, Deserialize)]
struct PackedJob(u64, u32, i64, i64, u64, u32, u32, u8);

/// Job, run, view, the view's message, answered.
#[derive(Serialize, Deserialize)]
struct PackedRunning(PackedJob, u64, u64, Option<i64>, u8);

/// Id, place, reply to, kind, body, pieces taken, job to run again, name + 1 (0: none).
#[derive(Serialize, Deserialize)]
struct PackedPost(u64, u32, Option<i64>, PostKind, u64, u32, Option<u64>, u32);

impl From<&Memory> for Packed {
    fn from(memory: &Memory) -> Self {
        let mut tables = Writer::default();
        Packed {
            version: memory.version,
            next_id: memory.next_id,
            offset: memory.offset,
            ring: memory.ring.clone(),
            running: memory.running.as_ref().map(|running| tables.running(running)),
            queue: memory.queue.iter().map(|job| tables.job(job)).collect(),
            posts: memory.posts.iter().map(|post| tables.post(post)).collect(),
            sessions: memory.sessions.iter().map(|session| tables.session(session)).collect(),
            epochs: memory.epochs.iter().map(|(at, n)| (tables.place(*at), *n)).collect(),
            interrupted: memory
                .interrupted
                .iter()
                .map(|gone| (tables.job(&gone.job), write_bits(gone.token.into(), TOKEN)))
                .collect(),
            // After everything that names places, so that they can be used for their chats.
            answers: memory.answers.iter().map(|mark| tables.answer(mark)).collect(),
            aliases: memory.aliases.iter().map(|(old, new)| (old.0, new.0)).collect(),
            places: tables.places.list.iter().map(|place| spot(*place)).collect(),
            names: tables.names.list.iter().map(|name| shorten(name)).collect(),
        }
    }
}

impl TryFrom<Packed> for Memory {
    type Error = &'static str;

    fn try_from(packed: Packed) -> Result<Self, Self::Error> {
        let tables = Reader {
            places: packed.places.iter().map(|spot| place(*spot)).collect(),
            names: packed
                .names
                .iter()
                .map(|name| lengthen(name))
                .collect::<Result<_, Self::Error>>()?,
        };
        let sessions = packed.sessions.into_iter().map(|(at, epoch, name)| {
            Ok::<_, Self::Error>(Session {
                place: tables.place(at)?,
                epoch,
                id: tables.name(name)?,
            })
        });
        let interrupted = packed.interrupted.into_iter().map(|(job, token)| {
            Ok::<_, Self::Error>(Interrupted { job: tables.job(job)?, token: token_of(&token)? })
        });
        let answers = packed.answers.into_iter().map(|(at, message, name)| {
            let chat = tables.place(at)?.chat;
            Ok::<_, Self::Error>(AnswerMark(chat, MessageId(message), tables.name(name)?))
        });
        Ok(Memory {
            version: packed.version,
            next_id: packed.next_id,
            offset: packed.offset,
            ring: packed.ring,
            running: packed.running.map(|running| tables.running(running)).transpose()?,
            queue: packed
                .queue
                .into_iter()
                .map(|job| tables.job(job))
                .collect::<Result<_, Self::Error>>()?,
            posts: packed
                .posts
                .into_iter()
                .map(|p| tables.post(p))
                .collect::<Result<_, Self::Error>>()?,
            sessions: sessions.collect::<Result<_, Self::Error>>()?,
            epochs: packed
                .epochs
                .into_iter()
                .map(|(at, count)| Ok::<_, Self::Error>((tables.place(at)?, count)))
                .collect::<Result<_, Self::Error>>()?,
            interrupted: interrupted.collect::<Result<_, Self::Error>>()?,
            answers: answers.collect::<Result<_, Self::Error>>()?,
            aliases: packed.aliases.into_iter().map(|(a, b)| (ChatId(a), ChatId(b))).collect(),
        })
    }
}

/// Each value once, and where it stands.
struct Table<T> {
    list: Vec<T>,
    index: HashMap<T, u32>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { list: Vec::new(), index: HashMap::new() }
    }
}

impl<T: Copy + Eq + Hash> Table<T> {
    fn index(&mut self, value: T) -> u32 {
        *self.index.entry(value).or_insert_with(|| {
            self.list.push(value);
            (self.list.len() - 1) as u32
        })
    }
}

/// The tables while a memory is written.
#[derive(Default)]
struct Writer<'a> {
    places: Table<Place>,
    names: Table<&'a str>,
}

impl<'a> Writer<'a> {
    fn place(&mut self, place: Place) -> u32 {
        self.places.index(place)
    }

    /// Any place in that chat.
    fn chat(&mut self, chat: ChatId) -> u32 {
        let known = self.places.list.iter().position(|place| place.chat == chat);
        known.map_or_else(|| self.place(Place { chat, thread: None }), |index| index as u32)
    }

    fn session(&mut self, session: &'a Session) -> (u32, u32, u32) {
        (self.place(session.place), session.epoch, self.name(&session.id))
    }

    fn answer(&mut self, AnswerMark(chat, message, session): &'a AnswerMark) -> (u32, i64, u32) {
        (self.chat(*chat), message.0, self.name(session))
    }

    fn name(&mut self, name: &'a str) -> u32 {
        self.names.index(name)
    }

    fn name_if(&mut self, name: &'a Option<String>) -> u32 {
        name.as_deref().map_or(0, |name| self.name(name) + 1)
    }

    fn job(&mut self, job: &'a Job) -> PackedJob {
        let resume = self.name_if(&job.resume);
        let (user, message, prompt) = (job.user.0, job.message.0, job.prompt.0);
        let place = self.place(job.place);
        let slash = u8::from(job.slash_command);
        PackedJob(job.id.0, place, user, message, prompt, job.epoch, resume, slash)
    }

    fn running(&mut self, running: &'a Running) -> PackedRunning {
        let message = running.view_message.map(|message| message.0);
        let answered = u8::from(running.answered);
        PackedRunning(self.job(&running.job), running.run.0, running.view.0, message, answered)
    }

    fn post(&mut self, post: &'a PostRecord) -> PackedPost {
        let reply_to = post.reply_to.map(|message| message.0);
        let again = post.again.map(|job| job.0);
        let (place, session) = (self.place(post.place), self.name_if(&post.session));
        let kind = post.kind.clone();
        PackedPost(post.id.0, place, reply_to, kind, post.body.0, post.pieces_taken, again, session)
    }
}

/// The tables while a memory is read. An index without an entry is an error: the file is not
/// one of ours.
struct Reader {
    places: Vec<Place>,
    names: Vec<String>,
}

impl Reader {
    fn place(&self, index: u32) -> Result<Place, &'static str> {
        self.places.get(index as usize).copied().ok_or("a record names a place that is not there")
    }

    fn name(&self, index: u32) -> Result<String, &'static str> {
        self.names.get(index as usize).cloned().ok_or("a record names a session that is not there")
    }

    fn name_if(&self, index: u32) -> Result<Option<String>, &'static str> {
        index.checked_sub(1).map(|index| self.name(index)).transpose()
    }

    fn job(&self, packed: PackedJob) -> Result<Job, &'static str> {
        let PackedJob(id, place, user, message, prompt, epoch, resume, slash) = packed;
        Ok(Job {
            id: JobId(id),
            place: self.place(place)?,
            user: UserId(user),
            message: MessageId(message),
            prompt: BlobId(prompt),
            slash_command: slash != 0,
            epoch,
            resume: self.name_if(resume)?,
        })
    }

    fn running(&self, packed: PackedRunning) -> Result<Running, &'static str> {
        let PackedRunning(job, run, view, message, answered) = packed;
        Ok(Running {
            job: self.job(job)?,
            run: RunId(run),
            view: ViewId(view),
            view_message: message.map(MessageId),
            answered: answered != 0,
        })
    }

    fn post(&self, packed: PackedPost) -> Result<PostRecord, &'static str> {
        let PackedPost(id, place, reply_to, kind, body, pieces_taken, again, session) = packed;
        Ok(PostRecord {
            id: PostId(id),
            place: self.place(place)?,
            reply_to: reply_to.map(MessageId),
            kind,
            body: BlobId(body),
            pieces_taken,
            again: again.map(JobId),
            session: self.name_if(session)?,
        })
    }
}

fn spot(place: Place) -> Spot {
    match place.thread {
        None => Spot::Chat(place.chat.0),
        Some(thread) => Spot::Topic(place.chat.0, thread.0),
    }
}

fn place(spot: Spot) -> Place {
    match spot {
        Spot::Chat(chat) => Place { chat: ChatId(chat), thread: None },
        Spot::Topic(chat, thread) => Place { chat: ChatId(chat), thread: Some(ThreadId(thread)) },
    }
}

/// Characters of a shortened UUID: 128 bits, six to a character.
const SHORT: usize = 22;

/// Characters of a token: 64 bits.
const TOKEN: usize = 11;

/// A UUID becomes 22 characters, anything else itself after a `=`.
fn shorten(name: &str) -> String {
    parse_uuid(name).map_or_else(|| format!("={name}"), |bits| write_bits(bits, SHORT))
}

fn lengthen(short: &str) -> Result<String, &'static str> {
    match short.strip_prefix('=') {
        Some(name) => Ok(name.to_owned()),
        None => read_bits(short, SHORT).map(write_uuid).ok_or("not a session id"),
    }
}

fn token_of(text: &str) -> Result<u64, &'static str> {
    let bits = read_bits(text, TOKEN).and_then(|bits| u64::try_from(bits).ok());
    bits.ok_or("not a token")
}

fn write_bits(mut bits: u128, len: usize) -> String {
    let mut letters = vec!['A'; len];
    for slot in letters.iter_mut().rev() {
        *slot = char::from(letter(bits as u8));
        bits >>= 6;
    }
    letters.into_iter().collect()
}

fn read_bits(text: &str, len: usize) -> Option<u128> {
    let bits = text
        .bytes()
        .try_fold(0_u128, |bits, letter| Some(bits.checked_mul(64)? | u128::from(digit(letter)?)));
    bits.filter(|_| text.len() == len)
}

/// Only the canonical form, since only that comes back the same.
fn parse_uuid(name: &str) -> Option<u128> {
    let plain: String = name.chars().filter(|letter| *letter != '-').collect();
    let bits = u128::from_str_radix(&plain, 16).ok()?;
    (write_uuid(bits) == name).then_some(bits)
}

fn write_uuid(bits: u128) -> String {
    let hex = format!("{bits:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_name_comes_back_as_it_was(name in ".*") {
            prop_assert_eq!(lengthen(&shorten(&name)), Ok(name));
        }

        #[test]
        fn any_uuid_is_short_and_comes_back(bits in any::<u128>()) {
            let name = write_uuid(bits);
            prop_assert_eq!(shorten(&name).len(), SHORT);
            prop_assert_eq!(lengthen(&shorten(&name)), Ok(name));
        }
    }

    #[test]
    fn session_ids_come_back_as_they_were() {
        for name in [
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "0198f2d1-7a3c-7e01-9b5d-3f0a1c2b4d5e",
            "0198F2D1-7A3C-7E01-9B5D-3F0A1C2B4D5E",
            "0198f2d17a3c7e019b5d3f0a1c2b4d5e",
            "",
            "=",
            "+1",
            "AAAAAAAAAAAAAAAAAAAAAA",
            "sess\"ion\n",
        ] {
            assert_eq!(lengthen(&shorten(name)).as_deref(), Ok(name));
        }
        assert_eq!(shorten("0198f2d1-7a3c-7e01-9b5d-3f0a1c2b4d5e").len(), SHORT);
    }

    #[test]
    fn what_is_no_session_id_is_refused() {
        for short in ["", "A", "AAAAAAAAAAAAAAAAAAAAA", "__________________________", "é"] {
            assert!(lengthen(short).is_err(), "{short:?}");
        }
        assert!(lengthen(&"_".repeat(SHORT)).is_err(), "more than 128 bits");
    }
}
