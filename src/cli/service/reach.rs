//! Whether a user can reach a file: by the owner, group and mode of each folder on the way.
//!
//! A guess and no proof: access lists and mounts can say otherwise, so nobody is refused for it.

use super::accounts::User;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Who asks.
pub(super) struct Person<'a> {
    pub(super) user: &'a User,
    /// The numbers of the groups.
    pub(super) groups: &'a [u32],
}

impl Person<'_> {
    /// What will be in the way of working in this folder, with the remedy.
    pub(super) fn folder(&self, path: &Path) -> Option<String> {
        self.way(path).or_else(|| {
            let there = path.ancestors().find(|folder| folder.exists())?;
            let name = &self.user.name;
            let shown = path.display();
            if there != path {
                let missing =
                    || format!("{name} cannot make {shown}: sudo install -d -o {name} {shown}");
                return (!self.may(&there.metadata().ok()?, 0o3)).then(missing);
            }
            let others = || format!("{name} does not own {shown}: sudo chown -R {name} {shown}");
            there.metadata().is_ok_and(|found| found.uid() != self.user.uid).then(others)
        })
    }

    /// What will be in the way of running this program, with the remedy.
    pub(super) fn program(&self, path: &Path) -> Option<String> {
        let (name, shown) = (&self.user.name, path.display());
        let closed = || format!("{name} may not run {shown}: sudo chmod 755 {shown}");
        let about = fs::metadata(path);
        self.way(path).or_else(|| about.is_ok_and(|about| !self.may(&about, 0o1)).then(closed))
    }

    /// The first folder on the way that may not be entered.
    fn way(&self, path: &Path) -> Option<String> {
        let above: Vec<&Path> = path.ancestors().skip(1).collect();
        let is_closed = |folder: &&&Path| {
            folder.metadata().is_ok_and(|about| about.is_dir() && !self.may(&about, 0o1))
        };
        let folder = above.iter().rev().find(is_closed)?;
        let (name, shown, folder) = (&self.user.name, path.display(), folder.display());
        Some(format!(
            "{name} may not enter {folder}, and {shown} is in it: put it elsewhere, or say sudo chmod \
             o+x {folder}"
        ))
    }

    /// Whether all of these bits (4 read, 2 write, 1 enter or run) are set for this user.
    fn may(&self, about: &Metadata, bits: u32) -> bool {
        let shift = match about {
            about if about.uid() == self.user.uid => 6,
            about if self.groups.contains(&about.gid()) => 3,
            _ => 0,
        };
        about.mode() >> shift & bits == bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_others_may_not_enter_or_make_is_told_with_the_remedy() {
        let home = tempfile::tempdir().unwrap();
        let inner = home.path().join("closed/inner");
        fs::create_dir_all(&inner).unwrap();
        let mode = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        mode(home.path(), 0o755);
        let about = inner.metadata().unwrap();
        let user = |uid| User { name: "pi".into(), uid, group: String::new(), home: String::new() };
        let (owner, other) = (user(about.uid()), user(about.uid() + 1));
        let owner = Person { user: &owner, groups: &[] };
        let other = |groups: &'static [u32]| (user(other.uid), groups);
        let ask = |path: &Path, groups| {
            let (user, groups) = other(groups);
            Person { user: &user, groups }.folder(path)
        };
        assert_eq!(owner.folder(&inner), None);
        assert_eq!(owner.folder(&inner.join("new")), None);
        assert!(ask(&inner, &[]).unwrap().contains("does not own"));
        assert!(ask(&inner.join("new"), &[]).unwrap().contains("sudo install -d -o pi /"));
        mode(&inner, 0o777);
        assert_eq!(ask(&inner.join("new"), &[]), None);
        mode(&home.path().join("closed"), 0o700);
        let told = ask(&inner, &[]).unwrap();
        assert!(told.contains("closed, and ") && told.contains("chmod o+x "), "{told}");
        let program = inner.join("program");
        fs::write(&program, "").unwrap();
        mode(&home.path().join("closed"), 0o755);
        assert!(owner.program(&program).unwrap().contains("sudo chmod 755"));
        mode(&program, 0o755);
        assert_eq!(owner.program(&program), None);
    }
}
