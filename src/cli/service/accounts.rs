//! Users and groups, from the system's two files. Whoever is only in a directory service is named
//! by number, which systemd takes as well.

use super::place::Place;
use std::fs;

/// Who the service runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) uid: u32,
    /// Its first group, by name.
    pub(super) group: String,
    /// Where its own programs are looked for; empty if unknown.
    pub(super) home: String,
}

pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The user of this name, or number.
pub(super) fn named(place: &Place, name: &str) -> Option<User> {
    find(place, |fields| fields[0] == name || fields[2] == name)
}

/// The user with this number, who has files of the group `gid`.
pub(super) fn numbered(place: &Place, uid: u32, gid: u32) -> User {
    let number = uid.to_string();
    find(place, |fields| fields[2] == number).unwrap_or_else(|| User {
        name: number.clone(),
        uid,
        group: group_named(place, &gid.to_string()),
        home: String::new(),
    })
}

/// Whether there is such a group.
pub(super) fn has_group(place: &Place, name: &str) -> bool {
    let groups = read(place, "/etc/group");
    groups.lines().any(|line| line.split(':').next() == Some(name))
}

/// The numbers of the groups this user is in.
pub(super) fn groups(place: &Place, user: &User) -> Vec<u32> {
    let groups = read(place, "/etc/group");
    let number = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        let members = fields.get(3).copied().unwrap_or_default();
        let is_in = fields[0] == user.group || members.split(',').any(|name| name == user.name);
        is_in.then(|| fields.get(2)?.parse().ok()).flatten()
    };
    groups.lines().filter_map(number).collect()
}

fn find(place: &Place, like: impl Fn(&[&str]) -> bool) -> Option<User> {
    let users = read(place, "/etc/passwd");
    let mut lines = users.lines().map(|line| line.split(':').collect::<Vec<&str>>());
    let found = lines.find(|fields| fields.len() >= 6 && like(fields))?;
    let [name, _, uid, gid, _, home] = found.first_chunk::<6>()?;
    Some(User {
        name: (*name).to_owned(),
        uid: uid.parse().ok()?,
        group: group_named(place, gid),
        home: (*home).to_owned(),
    })
}

/// The name of the group with this number, or the number.
fn group_named(place: &Place, gid: &str) -> String {
    let groups = read(place, "/etc/group");
    let mut lines = groups.lines().map(|line| line.split(':').collect::<Vec<&str>>());
    let found = lines.find(|fields| fields.get(2) == Some(&gid));
    found.and_then(|fields| fields.first().copied()).unwrap_or(gid).to_owned()
}

fn read(place: &Place, path: &str) -> String {
    fs::read_to_string(place.at(path)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::place::Name;
    use super::*;

    #[test]
    fn users_are_found_by_name_and_number() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("etc")).unwrap();
        let passwd = "root:x:0:0:root:/root:/bin/bash\n+\npi:x:1000:1001:,,,:/home/pi:/bin/sh\n";
        fs::write(dir.path().join("etc/passwd"), passwd).unwrap();
        fs::write(dir.path().join("etc/group"), "root:x:0:\ngpio:x:997:pi\npi:x:1001:\n").unwrap();
        let place = Place::below(dir.path(), Name::default());
        let (name, group, home) = ("pi".to_owned(), "pi".to_owned(), "/home/pi".to_owned());
        let pi = User { name, uid: 1000, group, home };
        assert_eq!(named(&place, "pi"), Some(pi.clone()));
        assert_eq!(named(&place, "1000"), Some(pi.clone()));
        assert_eq!(named(&place, "x"), None);
        assert_eq!(numbered(&place, 1000, 5), pi);
        let stranger = numbered(&place, 4711, 997);
        assert_eq!((stranger.name.as_str(), stranger.group.as_str()), ("4711", "gpio"));
        assert!(has_group(&place, "gpio") && !has_group(&place, "gp"));
    }
}
