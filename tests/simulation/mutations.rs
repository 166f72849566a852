//! Deliberate bugs, made in the world around the bridge: the simulator has to find each of them
//! within 1,000 seeds, or it is not worth its time.

use super::promises::Promise;
use super::tell;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// Telegram is told to forget before anything is written.
    ConfirmsEarly,
    /// The snapshot does not hold the ring of updates.
    ForgetsTheRing,
    /// The ring in the snapshot does not hold answers to questions.
    ForgetsAnswers,
    /// The snapshot does not hold the posts.
    LosesPosts,
    /// After a restart every post is given to the outbox twice.
    PostsTwice,
    /// A job starts when its save is asked for, not when it is done.
    StartsUnsaved,
}

const WITHIN: u64 = 1000;

fn found(mutation: Mutation, promises: &[Promise]) {
    let found = (0..WITHIN).find_map(|seed| {
        let story = super::generate::story(seed);
        let broken = tell::run(&story, Some(mutation))?;
        // It may look like something else first.
        promises.contains(&broken.promise).then_some((seed, broken))
    });
    let (seed, broken) = found.unwrap_or_else(|| panic!("{mutation:?} was not found"));
    println!("{mutation:?} was found by seed {seed}: {broken}");
}

#[test]
fn confirming_before_the_save_is_found() {
    let lost = [Promise::WrittenBeforeConfirmed, Promise::NoPromptLost];
    found(Mutation::ConfirmsEarly, &lost);
}

#[test]
fn forgetting_what_was_accepted_is_found() {
    let again = [Promise::NoneStartedTwice, Promise::FirstInFirstOut, Promise::ComesToRest];
    found(Mutation::ForgetsTheRing, &again);
}

#[test]
fn forgetting_an_answer_is_found() {
    found(Mutation::ForgetsAnswers, &[Promise::AnswersCountOnce]);
}

#[test]
fn losing_posts_is_found() {
    found(Mutation::LosesPosts, &[Promise::FinalPostArrives]);
}

#[test]
fn giving_a_post_twice_is_found() {
    found(Mutation::PostsTwice, &[Promise::PostsInOrder]);
}

#[test]
fn starting_before_the_save_is_found() {
    let twice = [Promise::NoneStartedTwice, Promise::OneFinalPost, Promise::OneRunAtATime];
    found(Mutation::StartsUnsaved, &twice);
}
