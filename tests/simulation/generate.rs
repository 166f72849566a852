//! From a seed to a story. Each event is made from (seed, index) alone.

use super::events::{
    Child, Condition, Event, Lane, Mode, Nature, Outcome, PEOPLE, Pick, Poll, Says, Text, Torn, Who,
};

/// Events of one story.
pub const LENGTH: u64 = 90;

pub fn story(seed: u64) -> Vec<Event> {
    let temper = Temper::of(seed);
    let told = |index| scene(temper, index, Dice::new(!seed, index));
    (0..LENGTH)
        .map(|index| told(index).unwrap_or_else(|| event(temper, Dice::new(seed, index))))
        .collect()
}

/// What chance alone hardly ever brings about: a question, answered in words, and a power cut
/// that the answer outlives.
const QUESTION: [Event; 14] = [
    Event::Polls(Poll::Answered),
    Event::Writes(Who::Owner, Text::Prompt, 1),
    Event::Polls(Poll::Answered),
    Event::DiskBegins,
    Event::DiskEnds,
    Event::Agent(Says::Question(false)),
    Event::Sends(Lane::Private, Pick::View, Outcome::Taken),
    Event::Replies(Who::Owner, 0),
    Event::Polls(Poll::Answered),
    Event::Replies(Who::Owner, 0),
    Event::Polls(Poll::Answered),
    Event::DiskBegins,
    Event::DiskEnds,
    Event::CutIn(0, Torn::NewSnapshot),
];

/// The event at this place of a scene, if the story begins with one. Now and then something else
/// gets in between.
fn scene(temper: Temper, index: u64, mut dice: Dice) -> Option<Event> {
    let event = QUESTION.get(index as usize).filter(|_| temper.asks)?;
    (dice.below(12) > 0).then_some(*event)
}

/// What kind of day it is: with everything going wrong at once, little gets far.
#[derive(Clone, Copy, Debug)]
struct Temper {
    cuts: u64,
    disk: u64,
    network: u64,
    crowd: u64,
    /// It begins with a question.
    asks: bool,
}

impl Temper {
    fn of(seed: u64) -> Temper {
        let mut dice = Dice::new(seed, u64::MAX);
        let mut level = || [0, 1, 1, 4][dice.below(4) as usize];
        let (cuts, disk, network, crowd) = (level(), level(), level(), level());
        Temper { cuts, disk, network, crowd, asks: dice.below(10) == 0 }
    }
}

/// Numbers that depend on the seed and the index of an event, and on nothing else.
pub struct Dice(u64);

impl Dice {
    fn new(seed: u64, index: u64) -> Dice {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ index.rotate_left(32));
        dice.next();
        dice.0 ^= index.wrapping_mul(0xd1b5_4a32_d192_ed03);
        dice
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// One of these, each as often as its weight says.
    fn weigh<T: Copy>(&mut self, choices: &[(u64, T)]) -> T {
        let all: u64 = choices.iter().map(|(weight, _)| weight).sum();
        let mut at = self.below(all);
        for (weight, choice) in choices {
            if at < *weight {
                return *choice;
            }
            at -= weight;
        }
        choices[0].1
    }
}

#[derive(Clone, Copy)]
enum Area {
    Users,
    Network,
    Disk,
    Agent,
    Outbox,
    Time,
    Rare,
    Cuts,
}

fn event(temper: Temper, mut dice: Dice) -> Event {
    let areas = [
        (20, Area::Users),
        (18, Area::Network),
        (20, Area::Disk),
        (18, Area::Agent),
        (14, Area::Outbox),
        (8, Area::Time),
        (2, Area::Rare),
        (2 * temper.cuts, Area::Cuts),
    ];
    match dice.weigh(&areas) {
        Area::Users => user(temper, &mut dice),
        Area::Network => network(temper, &mut dice),
        Area::Disk => disk(temper, &mut dice),
        Area::Agent => agent(&mut dice),
        Area::Outbox => outbox(temper, &mut dice),
        Area::Time => Event::Waits(time(&mut dice)),
        Area::Rare => rare(&mut dice),
        Area::Cuts => cut(&mut dice),
    }
}

fn who(temper: Temper, dice: &mut Dice) -> Who {
    let crowd = temper.crowd;
    let friends = [Who::OwnerInGroup, Who::OwnerInTopic, Who::Mate, Who::Guest];
    let (friend, anybody) = (dice.pick(&friends), dice.pick(&PEOPLE));
    dice.weigh(&[(6, Who::Owner), (1 + crowd, friend), (crowd, anybody)])
}

fn user(temper: Temper, dice: &mut Dice) -> Event {
    let who = who(temper, dice);
    let any = dice.below(6) as u8;
    let nth = dice.weigh(&[(4, 0), (1, 1), (4, any)]);
    let text = dice.weigh(&[
        (20, Text::Prompt),
        (2, Text::SlashPrompt),
        (4, Text::Cancel),
        (2, Text::CancelAll),
        (2, Text::New),
        (2, Text::Queue),
        (1, Text::Status),
        (1, Text::Help),
        (1, Text::Blank),
        (1, Text::Photo),
    ]);
    let many = dice.weigh(&[(30, 1), (4, 3), (1, 25)]);
    dice.weigh(&[
        (30, Event::Writes(who, text, many)),
        (3, Event::Edits(nth, text)),
        (3, Event::Replies(who, nth)),
        (10, Event::Taps(who, nth)),
        (1, Event::Forges(who)),
        (2, Event::Presses),
        (1, Event::Holds),
    ])
}

fn network(temper: Temper, dice: &mut Dice) -> Event {
    let bad = temper.network;
    Event::Polls(dice.weigh(&[
        (20, Poll::Answered),
        (2 * bad, Poll::Lost),
        (2 * bad, Poll::Unreached),
        (bad, Poll::Limited),
        (bad, Poll::Conflict),
        (bad, Poll::Revoked),
    ]))
}

fn disk(temper: Temper, dice: &mut Dice) -> Event {
    let condition = dice.weigh(&[
        (6, Condition::Good),
        (temper.disk, Condition::Full),
        (temper.disk, Condition::Unsyncable),
    ]);
    dice.weigh(&[
        (30, Event::DiskBegins),
        (30, Event::DiskEnds),
        (2 * temper.disk, Event::DiskGoes(condition)),
    ])
}

fn agent(dice: &mut Dice) -> Event {
    let nature = Nature {
        ignores: dice.weigh(&[(4, 0), (1, 1), (1, 2), (1, 3)]),
        lingers: dice.below(4) == 0,
        child: dice.weigh(&[(4, Child::Nobody), (2, Child::Shell), (1, Child::Immortal)]),
    };
    let (number, multi) = (dice.below(4) as u8, dice.below(2) == 0);
    let says = dice.weigh(&[
        (4, Says::Session(number)),
        (6, Says::Init),
        (2, Says::Line),
        (3, Says::Words),
        (3, Says::Tool),
        (3, Says::Background(number % 3)),
        (3, Says::Permit),
        (3, Says::Question(multi)),
        (1, Says::Withdraws),
        (9, Says::Answers),
        (2, Says::LongAnswer),
        (3, Says::Nothing),
        (3, Says::Error),
        (3, Says::UnknownSession),
        (1, Says::CannotStart),
        (9, Says::Exits),
        (2, Says::Crashes),
        (1, Says::IsKilled),
    ]);
    dice.weigh(&[(8, Event::Agent(says)), (1, Event::Next(nature))])
}

fn outbox(temper: Temper, dice: &mut Dice) -> Event {
    let (bad, crowd) = (temper.network, temper.crowd);
    let lane = dice.weigh(&[(6, Lane::Private), (1 + crowd, Lane::Group), (1, Lane::Other)]);
    let outcome = dice.weigh(&[
        (16, Outcome::Taken),
        (2 * bad, Outcome::OkLost),
        (bad, Outcome::NotNow),
        (bad / 4, Outcome::Refused),
    ]);
    Event::Sends(lane, dice.pick(&[Pick::Post, Pick::View]), outcome)
}

fn time(dice: &mut Dice) -> u32 {
    let longest = dice.weigh(&[(6, 400), (8, 4_000), (4, 40_000), (2, 1_200_000), (1, 8_000_000)]);
    1 + dice.below(longest) as u32
}

fn rare(dice: &mut Dice) -> Event {
    let mode = dice.pick(&[Mode::Open, Mode::Listed]);
    let (knows, many) = (dice.below(3) > 0, dice.weigh(&[(6, 1), (1, 70)]));
    dice.weigh(&[
        (3, Event::Terminates),
        (1, Event::Migrates),
        (1, Event::Renumbers),
        (4, Event::Orders(many)),
        (2, Event::Allows(mode)),
        (1, Event::KnowsDate(knows)),
    ])
}

fn cut(dice: &mut Dice) -> Event {
    let torn = dice.pick(&[Torn::OldSnapshot, Torn::NewSnapshot]);
    let soon = dice.below(12) as u8;
    dice.weigh(&[
        (6, Event::CutIn(soon, torn)),
        (1, Event::Cut(torn)),
        (1, Event::Dies(torn)),
        (1, Event::Terminates),
    ])
}
