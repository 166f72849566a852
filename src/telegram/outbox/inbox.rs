//! What the main loop wants sent, until the outbox thread takes it. Bounded, and merged at once:
//! of a view only the newest state is kept, so the thread may be stuck in a call for a minute.

use crate::bridge::effect::{Class, Post, View};
use crate::bridge::ids::{PostId, ViewId};
use std::collections::VecDeque;

/// Views; the oldest reply is given up first.
const VIEWS: usize = 150;
/// Posts; the bridge keeps at most 200.
const POSTS: usize = 400;
const TAPS: usize = 64;

/// Orders that were not taken over yet.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    pub(super) views: Vec<View>,
    pub(super) posts: VecDeque<Post>,
    pub(super) taps: VecDeque<(String, String)>,
    /// Views and posts for which there was no room.
    pub(super) refused_views: Vec<ViewId>,
    pub(super) refused_posts: Vec<PostId>,
    pub(super) leave: bool,
}

impl Inbox {
    pub(super) fn is_empty(&self) -> bool {
        self.views.is_empty()
            && self.posts.is_empty()
            && self.taps.is_empty()
            && self.refused_views.is_empty()
            && self.refused_posts.is_empty()
            && !self.leave
    }

    pub(super) fn show(&mut self, view: View) {
        if let Some(older) = self.views.iter_mut().find(|older| older.id == view.id) {
            *older = view;
            return;
        }
        if self.views.len() >= VIEWS {
            let reply = self.views.iter().position(|older| older.class == Class::Reply);
            let older = self.views.remove(reply.unwrap_or(0));
            if self.refused_views.len() < VIEWS {
                self.refused_views.push(older.id);
            }
        }
        self.views.push(view);
    }

    pub(super) fn post(&mut self, post: Post) {
        if self.posts.len() < POSTS {
            self.posts.push_back(post);
        } else if self.refused_posts.len() < POSTS {
            self.refused_posts.push(post.id);
        }
    }

    pub(super) fn answer_tap(&mut self, tap: String, text: String) {
        if self.taps.len() >= TAPS {
            self.taps.pop_front();
        }
        self.taps.push_back((tap, text));
    }
}
