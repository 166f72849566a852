//! What the simulator (`tests/simulation/`) found: one test a bug, named after what went wrong.

use super::world::World;
use crate::bridge::agent::{AgentEvent, RunResult};

fn unknown_session() -> AgentEvent {
    let text = "No conversation found with session ID: s".to_owned();
    AgentEvent::Result(RunResult { is_error: true, text, ..RunResult::default() })
}

/// A world whose next run resumes a session.
fn with_a_session() -> World {
    let mut world = World::new();
    world.say("one");
    world.agent(AgentEvent::Session("s".into()));
    world.finish("1");
    world.clear();
    world
}

#[test]
fn a_run_that_had_answered_was_started_again_for_an_unknown_session() {
    let mut world = with_a_session();
    world.say("two");
    world.answers("2");
    world.agent(unknown_session());
    world.exits();
    assert_eq!(world.starts().len(), 1);
}

#[test]
fn every_queue_command_left_a_view_open_for_ever() {
    let mut world = World::new();
    for _ in 0..3 {
        world.say("/queue");
    }
    let mut open = std::collections::BTreeSet::new();
    for view in world.views() {
        if view.last {
            open.remove(&view.id)
        } else {
            open.insert(view.id)
        };
    }
    assert_eq!(open.len(), 1, "only the newest follows the queue");
}
