# SPDX-License-Identifier: MIT
"""scripts/install_packages.sh with stand-ins for dpkg and apt-get: what it installs, when, and as whom."""

import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(os.environ["VIDEOPORT_ROOT"])
TOOLS = ("sh", "sed", "env")
I386 = ("libzydis-dev:i386", "libjansson-dev:i386")


class Packages(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.bin = pathlib.Path(folder.name)
        self.log = self.bin / "log"
        for tool in TOOLS:
            (self.bin / tool).symlink_to(next(p for p in ("/bin/" + tool, "/usr/bin/" + tool) if os.path.exists(p)))
        self.tool("apt-get", 'echo "apt-get $*" >> %s' % self.log)
        self.tool("id", "echo 0")
        self.dpkg("amd64", "i386")
        self.installed("gcc", "meson", "gcc-multilib", "libc6-dev-i386", *I386)

    def tool(self, name, script):
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text("#!/bin/sh\n%s\n" % script)
        path.chmod(0o755)

    def installed(self, *packages):
        cases = "|".join(packages)
        self.tool("dpkg-query", 'case $4 in %s) printf installed;; *) exit 1;; esac' % cases)

    def dpkg(self, native, foreign):
        self.tool("dpkg", 'case $1 in --print-architecture) echo %s;; --print-foreign-architectures) echo %s;; '
                  '*) echo "dpkg $*" >> %s;; esac' % (native, foreign, self.log))

    def run_script(self, *arguments, **environment):
        done = subprocess.run([self.bin / "sh", ROOT / "scripts" / "install_packages.sh", *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False, env={"PATH": str(self.bin), **environment})
        calls = self.log.read_text().splitlines() if self.log.exists() else []
        return done, calls

    def test_installs_what_is_missing_and_says_so(self):
        done, calls = self.run_script("build")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, "Installing with apt-get: .*libpng-dev")
        self.assertEqual(calls[0], "apt-get -q update")
        self.assertRegex(calls[1], "apt-get -q install -y --no-remove --no-install-recommends .*ninja-build.* libpng-dev")
        self.assertNotRegex(calls[1], r"\b(gcc|meson)\b( |$)")

    def test_check_wants_more(self):
        _, build = self.run_script("build")
        self.log.unlink()
        _, check = self.run_script("check")
        self.assertLess(set(build[1].split()), set(check[1].split()))
        self.assertIn("gcc-mingw-w64-x86-64", check[1].split())

    def test_nothing_missing_nothing_done(self):
        self.tool("dpkg-query", "printf installedinstalled")  # once for each architecture
        done, calls = self.run_script("check")
        self.assertEqual((done.returncode, done.stdout, done.stderr, calls), (0, "", "", []))

    def test_sudo_for_others(self):
        self.tool("id", "echo 1000")
        done, calls = self.run_script("build")
        self.assertEqual((done.returncode, calls), (3, []))
        self.assertIn("ask your administrator for", done.stderr)
        self.tool("sudo", 'echo sudo >> %s; exec "$@"' % self.log)
        done, calls = self.run_script("build")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(calls[::2], ["sudo", "sudo"])

    def test_failure_of_apt_get_is_a_failure(self):
        self.tool("apt-get", "exit 100")
        self.assertEqual(self.run_script("build")[0].returncode, 100)

    def test_a_list_that_cannot_be_had_is_no_failure(self):
        self.tool("apt-get", 'echo "apt-get $*" >> %s; case $2 in update) exit 100;; esac' % self.log)
        done, calls = self.run_script("build")
        self.assertEqual((done.returncode, len(calls)), (0, 2))

    def test_other_machines_packages(self):
        self.dpkg("amd64", "")
        self.tool("dpkg-query", "case $4 in *:i386) exit 1;; *) printf installed;; esac")
        for what in ("build", "check"):
            with self.subTest(what=what):
                done, calls = self.run_script(what)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(calls, ["dpkg --add-architecture i386", "apt-get -q update",
                                         "apt-get -q install -y --no-remove --no-install-recommends " + " ".join(I386)])
                self.assertIn("Adding the architecture i386", done.stdout)
                self.log.unlink()
        self.assertEqual(self.run_script("bench")[1], [])
        self.dpkg("amd64", "armhf\\ni386")
        self.assertEqual(self.run_script("build")[1][0], "apt-get -q update")

    def test_other_machines_packages_that_cannot_be_had(self):
        """What was changed for them is changed back, and all goes on."""
        self.dpkg("amd64", "")
        self.tool("dpkg-query", "case $4 in *:i386) exit 1;; *) printf installed;; esac")
        self.tool("apt-get", "exit 100")
        done, calls = self.run_script("check")
        self.assertEqual((done.returncode, calls), (0, ["dpkg --add-architecture i386", "dpkg --remove-architecture i386"]))
        self.assertIn("Going on without libzydis-dev:i386", done.stderr)
        self.tool("id", "echo 1000")
        done, calls = self.run_script("check")
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_other_computers(self):
        self.dpkg("arm64", "")
        self.installed("none")
        self.assertNotRegex(self.run_script("build")[1][-1], "i386|multilib")

    def test_not_debian(self):
        (self.bin / "dpkg-query").unlink()
        done, calls = self.run_script("build")
        self.assertEqual((done.returncode, calls), (3, []))
        self.assertIn("libpng-dev", done.stderr)

    def test_turned_off(self):
        done, calls = self.run_script("build", VIDEOPORT_NO_INSTALL="1")
        self.assertEqual((done.returncode, done.stdout, calls), (0, "", []))

    def test_usage(self):
        done, calls = self.run_script()
        self.assertEqual((done.returncode, calls), (2, []))
        self.assertIn("Usage: install_packages.sh build", done.stderr)


if __name__ == "__main__":
    unittest.main()
