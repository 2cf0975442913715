"""What holds for the agent wherever it runs. Each place runs all of it."""

import hashlib
import os
import queue
import threading
import time

from agent_stream import HERE, Ended, StreamEnded, frame

MIB = 1 << 20


class Masking:
    """Mixed into a TimedTestCase, as Behaviour is: steps that use the masking channel."""

    def begin_masking(self, script, agent=None):
        """An agent that runs a script whose processes may ask for masking."""
        agent = agent or self.ready()
        agent.send(frame("C"), frame("P", script), frame("Z"), frame("R"))
        return agent

    def asked(self, agent):
        """What the agent wants masked: name, value, and the output that came before."""
        end = agent.answer()
        self.assertEqual("M", end.kind, end)
        name, value = end.text.split("\0", 1)
        return name, value, end.output

    def confirm_all(self, agent):
        """Confirms whatever is asked until the step ends. Returns how many that were, and the end."""
        count, output = 0, b""
        while (end := agent.answer()).kind == "M":
            agent.send(frame("M", "+"))
            count += 1
            output += end.output
        return count, Ended(end.kind, end.text, output + end.output)

    def rude(self, agent):
        """Builds the client that keeps to no rules, and returns its command line."""
        with open(os.path.join(HERE, "rude.c"), "rb") as source:
            built = agent.run(f"gcc -O1 -Wall -Werror -o {self.scratch}/rude -x c -", stdin=source.read())
        self.assertEqual((0, b""), (built.code, built.output))
        return f"{self.scratch}/rude {self.channel}"


class Behaviour(Masking):
    """Mixed into a TimedTestCase with `start(*arguments)`, `secrets`, `scratch` and `channel`, the
    paths of a directory of secrets, of a writable one and of the masking channel as the step sees
    them."""

    def ready(self, *arguments):
        agent = self.start(*arguments)
        agent.hello()
        return agent

    def assert_defect(self, agent, expected):
        answer = agent.answer()
        self.assertEqual("E", answer.kind)
        self.assertIn(expected, answer.text)
        with self.assertRaises(StreamEnded):
            agent.receive()
        self.assertEqual(76, agent.exit_code())

    # ---------------------------------------------------------------- beginning and end

    def test_hello_tells_version_user_and_shell(self):
        hello = self.start().hello()
        self.assertEqual("1", hello["version"])
        self.assertEqual(str(self.uid), hello["uid"])
        self.assertEqual(str(self.uid), hello["gid"])
        self.assertRegex(hello["shell"], r"^/.*/bash$")

    def test_end_of_input_ends_the_agent(self):
        agent = self.ready()
        agent.close_input()
        self.assertEqual(0, agent.exit_code(2))

    def test_end_of_input_ends_a_step_that_floods_its_output(self):
        agent = self.ready()
        agent.send(frame("P", "exec yes"), frame("R"))
        for _ in range(20):
            agent.receive()
        begin = time.monotonic()
        agent.close_input()
        agent.exit_code(5)
        self.assertLess(time.monotonic() - begin, 1.5)

    def test_deadline_ends_the_agent_and_its_step(self):
        agent = self.ready("--deadline", "1")
        begin = time.monotonic()
        agent.send(frame("P", "trap '' TERM; sleep 60"), frame("R"))
        self.assertEqual(124, agent.exit_code(6))
        self.assertLess(time.monotonic() - begin, 5)

    # ---------------------------------------------------------------- the stream

    def test_unknown_frame_is_a_defect(self):
        agent = self.ready()
        agent.send(frame("?", "x"))
        self.assert_defect(agent, "unknown type")

    def test_payload_over_a_mebibyte_is_a_defect_from_its_header_on(self):
        agent = self.ready()
        agent.send_bytes(b"P" + (MIB + 1).to_bytes(4, "big"))
        self.assert_defect(agent, "longer than 1 MiB")

    def test_stream_that_ends_inside_a_frame_is_a_defect(self):
        agent = self.ready()
        agent.send_bytes(frame("P", "echo never")[:-3])
        agent.close_input()
        self.assertEqual(76, agent.exit_code())

    def test_preparation_during_a_step_is_a_defect(self):
        agent = self.ready()
        agent.send(frame("P", "sleep 30"), frame("R"), frame("V", "A=b"))
        self.assert_defect(agent, "only frames I, Z, K and M")

    def test_signal_that_is_none_is_a_defect(self):
        for payload in (b"", b"\0", b"\x41", b"\x09\x09"):
            with self.subTest(payload=payload):
                agent = self.ready()
                agent.send(frame("K", payload))
                self.assert_defect(agent, "number of a signal")

    def test_malformed_connection_trial_is_a_defect(self):
        for payload in (
            b"",
            b"localhost:1:1",
            b"127.0.0.1:0:1",
            b"127.0.0.1:1",
            b"127.0.0.1:1:0",
            b"::1:65536:1",
        ):
            with self.subTest(payload=payload):
                agent = self.ready()
                agent.send(frame("T", payload))
                self.assert_defect(agent, "ip:port:seconds")

    def test_frames_that_come_byte_by_byte_are_understood(self):
        agent = self.ready()
        whole = frame("V", "A=b c") + frame("F", b"s\0value") + frame("P", f"echo $A; cat {self.secrets}/s")
        whole += frame("R") + frame("I", "x") + frame("Z")
        for at in range(len(whole)):
            agent.send_bytes(whole[at : at + 1])
        end = agent.answer()
        self.assertEqual((b"b c\nvalue", 0), (end.output, end.code))

    def test_frames_of_a_mebibyte_are_understood(self):
        agent = self.ready()
        line = b"# a comment of some length, repeated often\n"
        comment = (line * (MIB // len(line) + 1))[: MIB - 1] + b"\n"
        value = os.urandom(MIB - 2)
        agent.send(frame("P", comment), frame("P", f"sha256sum <{self.secrets}/s; sha256sum"))
        agent.send(frame("F", b"s\0" + value), frame("R"))
        data = os.urandom(MIB)
        agent.send(frame("I", data), frame("I", data), frame("Z"))
        end = agent.answer()
        self.assertEqual(
            [hashlib.sha256(value).hexdigest() + "  -", hashlib.sha256(data + data).hexdigest() + "  -"],
            end.lines,
        )

    def test_many_frames_in_one_write_are_all_handled(self):
        agent = self.ready()
        agent.send(
            *[frame("V", f"N{i}={i}") for i in range(3000)], frame("P", "env | grep -c '^N[0-9]'"), frame("R")
        )
        self.assertEqual(["3000"], agent.answer().lines)

    # ---------------------------------------------------------------- a step

    def test_exit_code_is_told(self):
        agent = self.ready()
        for code in (0, 1, 42, 255):
            self.assertEqual(f"code={code} oom=0", agent.run(f"exit {code}").text)

    def test_death_by_signal_is_128_and_its_number(self):
        agent = self.ready()
        self.assertEqual(128 + 15, agent.run("kill -TERM $$").code)
        self.assertEqual(128 + 9, agent.run("kill -KILL $$").code)
        self.assertEqual(128 + 11, agent.run("kill -SEGV $$").code)

    def test_both_outputs_come_in_the_order_of_writing(self):
        agent = self.ready()
        end = agent.run("for i in 1 2 3; do echo out $i; echo err $i >&2; done")
        self.assertEqual(["out 1", "err 1", "out 2", "err 2", "out 3", "err 3"], end.lines)

    def test_output_is_passed_on_byte_for_byte(self):
        agent = self.ready()
        data = bytes(range(256)) * 64 + os.urandom(MIB)
        self.assertEqual(data, agent.run("cat", stdin=data).output)

    def test_output_written_last_comes_before_the_end(self):
        agent = self.ready()
        for _ in range(20):
            end = agent.run("head -c 60000 /dev/zero; printf last; kill -9 $$")
            self.assertEqual((60004, b"last"), (len(end.output), end.output[-4:]))

    def test_program_with_arguments_is_found_through_its_own_path(self):
        agent = self.ready()
        agent.run(
            f"mkdir -p {self.scratch}/bin; printf '#!/bin/sh\\necho mine \"$@\"' >{self.scratch}/bin/prog; chmod +x {self.scratch}/bin/prog"
        )
        agent.send(
            frame("V", f"PATH=/nonexistent:{self.scratch}/bin"),
            frame("A", "prog"),
            frame("A", "a b"),
            frame("A", ""),
            frame("A", "c"),
        )
        agent.send(frame("R"))
        self.assertEqual(["mine a b  c"], agent.answer().lines)

    def test_arguments_with_a_script_are_a_command_that_receives_the_shell(self):
        agent = self.ready()
        end = agent.run("echo from the script: $W", frame("A", "env"), frame("A", "W=wrapped"))
        self.assertEqual(["from the script: wrapped"], end.lines)

    def test_program_that_does_not_exist_is_named(self):
        agent = self.ready()
        agent.send(frame("A", "no-such-program"), frame("R"))
        end = agent.answer()
        self.assertEqual(("E", b""), (end.kind, end.output))
        self.assertIn("no-such-program", end.text)
        self.assertIn("No such file", end.text)
        self.assertEqual(0, agent.run("true").code)

    def test_program_that_cannot_be_executed_says_why(self):
        agent = self.ready()
        agent.send(frame("A", "/etc/passwd"), frame("R"))
        self.assertIn("Permission denied", agent.answer().text)

    def test_nothing_to_run_is_an_error(self):
        agent = self.ready()
        agent.send(frame("V", "A=b"), frame("R"))
        self.assertIn("nothing to run", agent.answer().text)

    def test_variables_replace_the_image_s_and_are_forgotten(self):
        agent = self.ready()
        show = "env | grep -c ^HOME=; echo $HOME; echo $NEW"
        end = agent.run(show, frame("V", "HOME=/a"), frame("V", "HOME=/b=c"), frame("V", "NEW=line\nbreak"))
        self.assertEqual(["1", "/b=c", "line break"], end.lines)
        end = agent.run('echo ${NEW-none}; [ "$HOME" != /b=c ] && echo restored')
        self.assertEqual(["none", "restored"], end.lines)

    def test_faulty_preparation_is_the_one_answer_to_run(self):
        agent = self.ready()
        for bad, expected in (
            (frame("V", "NOVALUE"), "NAME=value"),
            (frame("V", "=x"), "NAME=value"),
            (frame("V", b"A=x\0y"), "NUL"),
            (frame("U", "root"), "uid:gid"),
            (frame("U", "1:2:3"), "uid:gid"),
            (frame("U", "4294967295:0"), "uid:gid"),
            (frame("W", "relative"), "absolute"),
            (frame("W", "/proc/nowhere/x"), "/proc/nowhere"),
            (frame("O", "/no/such/directory"), "/no/such/directory"),
            (frame("V", "B=" + "x" * 200_000), "Argument list too long"),
        ):
            with self.subTest(expected=expected):
                end = agent.run("echo must not run", bad)
                self.assertEqual(("E", b""), (end.kind, end.output))
                self.assertIn(expected, end.text)
        self.assertEqual(b"fine\n", agent.run("echo fine").output)

    def test_too_many_words_are_an_error_and_forgotten(self):
        agent = self.ready()
        for i in range(5):
            agent.send(frame("A", "x" * MIB))
        agent.send(frame("R"))
        self.assertIn("more than 4194304 bytes", agent.answer().text)
        self.assertEqual(0, agent.run("true").code)

    def test_working_directory_is_created_with_its_parents(self):
        agent = self.ready()
        path = f"{self.scratch}/some/deep dir/place"
        end = agent.run("pwd; stat -c '%a %u' . .. ../..", frame("W", path))
        self.assertEqual([path] + [f"755 {self.uid}"] * 3, end.lines)
        self.assertEqual([path], agent.run("pwd", frame("W", path)).lines)

    def test_step_is_a_session_with_defaults_and_nothing_inherited(self):
        agent = self.ready()
        # Programs without a shell: it has signals and descriptors of its own.
        agent.send(
            frame("A", "grep"),
            frame("A", "-E"),
            frame("A", "^Sig(Blk|Ign)"),
            frame("A", "/proc/self/status"),
            frame("R"),
        )
        self.assertEqual(["SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"], agent.answer().lines)
        agent.send(frame("A", "ls"), frame("A", "/proc/self/fd"), frame("R"))
        self.assertEqual(["0", "1", "2", "3"], agent.answer().lines, "3 is the directory being listed")
        end = agent.run(
            "umask; ulimit -c; cat /proc/$$/oom_score_adj;"
            "read -r _ _ _ _ _ session _ </proc/$$/stat; [ $session = $$ ] && echo leader"
        )
        self.assertEqual(["0022", "0", "500", "leader"], end.lines)

    # ---------------------------------------------------------------- files

    def test_secret_is_a_file_for_its_step_only(self):
        agent = self.ready()
        show = f"stat -c '%a %u %F' {self.secrets}/token; cat {self.secrets}/token"
        end = agent.run(
            show, frame("F", b"token\0first "), frame("F", b"other\0"), frame("F", b"token\0second")
        )
        self.assertEqual([f"400 {self.uid} regular file", "first second"], end.lines)
        self.assertEqual(b"", agent.run(f"ls -A {self.secrets}").output)

    def test_file_that_a_step_left_behind_does_not_get_in_the_way(self):
        agent = self.ready()
        agent.run(f"ln -s {self.scratch}/target {self.secrets}/token; echo old >{self.scratch}/target")
        end = agent.run(f"cat {self.secrets}/token; cat {self.scratch}/target", frame("F", b"token\0new\n"))
        self.assertEqual(["new", "old"], end.lines)

    def test_files_are_removed_when_the_step_cannot_start(self):
        agent = self.ready()
        agent.send(frame("F", b"token\0x"), frame("A", "no-such-program"), frame("R"))
        self.assertEqual("E", agent.answer().kind)
        self.assertEqual(b"", agent.run(f"ls -A {self.secrets}").output)

    def test_name_of_a_file_cannot_leave_the_directory(self):
        agent = self.ready()
        for name in (b"", b".", b"..", b"../x", b"a/b", b"/etc/x", b"x" * 256):
            with self.subTest(name=name):
                end = agent.run("true", frame("F", name + b"\0value"))
                self.assertEqual("E", end.kind)
                self.assertIn("name", end.text)
        self.assertEqual("E", agent.run("true", frame("F", b"no nul")).kind)
        self.assertEqual(b"", agent.run(f"ls -A {self.secrets}; ls {self.secrets}/../x 2>/dev/null").output)

    def test_script_cannot_be_read_by_others_and_goes_with_the_step(self):
        agent = self.ready()
        self.assertEqual([f"500 {self.uid}"], agent.run("stat -c '%a %u' \"$0\"").lines)
        self.assertEqual(["gone"], agent.run("[ $(ls -A $(dirname $0) | wc -l) = 1 ] && echo gone").lines)

    # ---------------------------------------------------------------- standard input

    def test_input_ended_before_the_start_is_empty(self):
        self.assertEqual(["0"], self.ready().run("wc -c").lines)

    def test_fifty_megabytes_of_input_arrive(self):
        agent = self.ready()
        digest = hashlib.sha256()
        agent.send(frame("P", "sleep 0.5; sha256sum"), frame("R"))
        block = os.urandom(MIB)
        for i in range(50):
            data = bytes([i]) + block[1:]
            digest.update(data)
            agent.send(frame("I", data))
        agent.send(frame("Z"))
        self.assertEqual([digest.hexdigest() + "  -"], agent.answer(40).lines)

    def test_input_that_nobody_reads_is_dropped_with_the_step(self):
        agent = self.ready()
        for script in ("exec 0<&-; sleep 0.5", "exit 0", "head -c 1 >/dev/null"):
            with self.subTest(script=script):
                self.assertEqual("code=0 oom=0", agent.run(script, stdin=bytes(12 * MIB)).text)
        self.assertEqual(b"fresh", agent.run("cat", stdin=b"fresh").output)

    def test_late_input_is_not_the_next_step_s(self):
        agent = self.ready()
        agent.run("true")
        agent.send(frame("I", "late"), frame("Z"), frame("K", b"\x09"))
        self.assertEqual(b"mine", agent.run("cat", stdin=b"mine").output)

    # ---------------------------------------------------------------- slow and hostile

    def test_big_output_to_a_slow_reader_is_complete(self):
        agent = self.ready()
        agent.reading.clear()
        agent.send(frame("P", "seq 1 2000000"), frame("Z"), frame("R"))
        time.sleep(1)
        agent.reading.set()
        end = agent.answer(30)
        expected = hashlib.sha256("".join(f"{i}\n" for i in range(1, 2_000_001)).encode()).hexdigest()
        self.assertEqual(expected, hashlib.sha256(end.output).hexdigest())
        self.assertEqual(0, end.code)

    def test_signal_is_heard_while_nobody_reads_the_output(self):
        agent = self.ready()
        agent.send(frame("P", "exec yes"), frame("R"))
        agent.receive()
        agent.reading.clear()
        time.sleep(0.5)
        agent.send(frame("K", b"\x0f"))
        time.sleep(0.3)
        agent.reading.set()
        self.assertEqual(128 + 15, agent.answer().code)

    def test_signal_reaches_all_processes_of_the_step(self):
        agent = self.ready()
        agent.send(
            frame(
                "P",
                "trap 'echo parent; wait; exit 7' TERM; (trap 'echo child; exit' TERM; echo up; while :; do sleep 0.05; done) & wait; wait",
            ),
            frame("R"),
        )
        self.assertEqual(("O", b"up\n"), agent.receive())
        agent.send(frame("K", b"\x0f"))
        end = agent.answer()
        self.assertEqual((["child", "parent"], 7), (sorted(set(end.lines) - {"Terminated"}), end.code))

    def test_background_process_that_ignores_signals_and_holds_the_output_is_gone(self):
        agent = self.ready()
        end = agent.run(
            "(trap '' TERM HUP INT; echo $BASHPID; while :; do sleep 0.1; done) & sleep 0.3; exit 5"
        )
        self.assertEqual("code=5 oom=0", end.text)
        left = agent.run(f"kill -0 {int(end.lines[0])} 2>&1 || echo gone")
        self.assertIn("gone", left.lines)

    def test_memory_does_not_grow_with_steps(self):
        agent = self.ready()

        def steps(count):
            for i in range(count):
                agent.run(
                    "cat >/dev/null; echo x",
                    frame("V", f"A={'x' * 1000}"),
                    frame("F", b"s\0" + bytes(5000)),
                    stdin=b"y" * 100_000,
                )

        steps(20)
        before = self.memory(agent)
        steps(100)
        self.assertEqual(before, self.memory(agent))

    def test_input_is_taken_while_output_is_written(self):
        agent = self.ready()
        data = os.urandom(20 * MIB)
        feeder = threading.Thread(
            target=lambda: agent.send(
                *[frame("I", data[at : at + MIB]) for at in range(0, len(data), MIB)], frame("Z")
            )
        )
        agent.send(frame("P", "cat"), frame("R"))
        feeder.start()
        end = agent.answer(40)
        feeder.join()
        self.assertEqual(hashlib.sha256(data).digest(), hashlib.sha256(end.output).digest())

    # ---------------------------------------------------------------- masking

    def test_command_returns_when_the_daemon_has_confirmed(self):
        agent = self.begin_masking("printf %s tok-4711 | mayfly-mask --name TOKEN; echo code $?")
        self.assertEqual(("TOKEN", "tok-4711", b""), self.asked(agent))
        with self.assertRaises(queue.Empty):
            agent.arrived.get(timeout=0.3)
        agent.send(frame("M", "+"))
        end = agent.answer()
        self.assertEqual((b"code 0\n", 0), (end.output, end.code))

    def test_refusal_is_told_in_the_daemon_s_words_and_is_an_error(self):
        agent = self.begin_masking("echo abc | mayfly-mask; echo code $?")
        self.assertEqual(("", "abc\n", b""), self.asked(agent))
        agent.send(frame("M", "-it has 3 bytes, fewer than 6"))
        self.assertEqual(
            ["mayfly-mask: not masked: it has 3 bytes, fewer than 6", "code 1"], agent.answer().lines
        )

    def test_value_of_64_kibibytes_of_anything_arrives_and_one_more_byte_is_refused(self):
        agent = self.ready()
        value = bytes(range(256)) * 256
        for size, expected in ((65536, "code 0"), (65537, "code 1")):
            with self.subTest(size=size):
                agent.send(frame("C"), frame("P", "mayfly-mask --name N_1; echo code $?"), frame("R"))
                agent.send(frame("I", (value + b"x")[:size]), frame("Z"))
                kind, payload = agent.receive()
                if size == 65536:
                    self.assertEqual(("M", b"N_1\0" + value), (kind, payload))
                    agent.send(frame("M", "+"))
                    said = agent.answer().output
                else:
                    # One frame or two, as the processor pleases.
                    said = payload + agent.answer().output
                    self.assertIn(b"longer than 65536 bytes", said)
                self.assertTrue(said.decode().rstrip().endswith(expected), said)

    def test_channel_is_its_step_s_only(self):
        agent = self.begin_masking(f"stat -c '%a %F' {self.channel}; echo some-value | mayfly-mask")
        self.asked(agent)
        agent.send(frame("M", "+"))
        agent.answer()
        end = agent.run(f"ls {self.channel} 2>/dev/null; echo some-value | mayfly-mask; echo code $?")
        self.assertIn("only script and after_script", end.lines[0])
        self.assertEqual("code 69", end.lines[1])

    def test_channel_is_open_to_every_user_of_the_container(self):
        end = self.begin_masking(f"stat -c '%a %F' {self.channel}").answer()
        self.assertEqual(["666 socket"], end.lines)

    def test_what_lies_at_the_channel_s_place_is_removed_or_named(self):
        agent = self.ready()
        agent.run(f"echo old >{self.channel}")
        self.begin_masking("echo some-value | mayfly-mask", agent)
        self.asked(agent)
        agent.send(frame("M", "+"))
        self.assertEqual("X", agent.answer().kind)
        agent.run(f"mkdir {self.channel}")
        end = self.begin_masking("echo never", agent).answer()
        self.assertEqual("E", end.kind)
        self.assertIn(f"masking channel {self.channel} cannot be created", end.text)
        agent.run(f"rmdir {self.channel}")

    def test_wrong_arguments_of_the_command_are_told(self):
        agent = self.ready()
        for arguments in ("--name", "value", "--name a-b", "--name ''", "--name 1", f"--name {'x' * 65}"):
            with self.subTest(arguments=arguments):
                end = self.begin_masking(f"echo some-value | mayfly-mask {arguments}; echo $?", agent)
                self.assertEqual("64", end.answer().lines[-1])
        end = self.begin_masking("mayfly-mask --help", agent).answer()
        self.assertEqual((0, "usage:"), (end.code, end.lines[0].split()[0]))

    def test_answer_that_nobody_asked_for_is_a_defect(self):
        agent = self.begin_masking("sleep 30")
        agent.send(frame("M", "+"))
        self.assert_defect(agent, "frame M must answer")

    def test_answer_that_is_none_is_a_defect(self):
        for payload in ("", "yes", "-" + "x" * 4096):
            with self.subTest(payload=payload):
                agent = self.begin_masking("echo some-value | mayfly-mask")
                self.asked(agent)
                agent.send(frame("M", payload))
                self.assert_defect(agent, "frame M must answer")

    def test_answer_that_crosses_the_end_of_the_step_is_taken(self):
        agent = self.begin_masking("echo some-value | mayfly-mask & sleep 0.3")
        self.asked(agent)
        self.assertEqual("X", agent.answer().kind)
        agent.send(frame("M", "+"))
        self.begin_masking("echo other-value | mayfly-mask", agent)
        self.assertEqual("other-value\n", self.asked(agent)[1])
        agent.send(frame("M", "+"))
        self.assertEqual(0, agent.answer().code)

    def test_signal_and_end_of_input_are_heard_while_a_client_waits(self):
        agent = self.begin_masking("echo some-value | mayfly-mask; sleep 30")
        self.asked(agent)
        agent.send(frame("K", b"\x0f"))
        self.assertEqual(128 + 15, agent.answer(3).code)
        agent.send(frame("M", "-too late"))
        self.begin_masking("echo some-value | mayfly-mask; sleep 30", agent)
        self.asked(agent)
        agent.close_input()
        agent.exit_code(3)

    def test_flood_of_output_and_slow_reader_do_not_keep_a_value_back(self):
        agent = self.begin_masking("yes & echo some-value | mayfly-mask; kill %1; wait; echo; echo end")
        agent.reading.clear()
        time.sleep(0.5)
        agent.reading.set()
        self.assertEqual("some-value\n", self.asked(agent)[1])
        agent.send(frame("M", "+"))
        self.assertEqual("end", agent.answer().lines[-1])

    def test_malformed_requests_are_refused_and_reach_nobody(self):
        agent = self.ready()
        rude = self.rude(agent)
        end = self.begin_masking(f"{rude} garbage", agent).answer()
        none = "-the request is not a name of letters, digits and underscores, NUL, value"
        long = "-the value is longer than 65536 bytes"
        self.assertEqual(
            [f"{what}: {none}" for what in ("no NUL", "name", "digit", "long name")]
            + [f"long value: {long}", f"huge: {long}", "empty: closed"],
            end.lines,
        )

    def test_ten_thousand_requests_are_answered_one_by_one(self):
        agent = self.ready()
        rude = self.rude(agent)
        self.confirm_all(self.begin_masking(f"{rude} many 100", agent))
        before = self.memory(agent)
        count, end = self.confirm_all(self.begin_masking(f"{rude} many 10000", agent))
        self.assertEqual((10000, ["confirmed 10000"]), (count, end.lines))
        self.assertEqual(before, self.memory(agent))

    def test_clients_that_vanish_or_never_read_get_in_nobody_s_way(self):
        agent = self.ready()
        rude = self.rude(agent)
        count, end = self.confirm_all(
            self.begin_masking(
                f"{rude} deaf 3 & {rude} vanish 500; echo some-value | mayfly-mask; echo code $?", agent
            )
        )
        self.assertEqual(504, count)
        self.assertEqual({"up", "code 0"}, set(end.lines))

    def test_held_connections_do_not_outlive_the_step(self):
        agent = self.ready()
        rude = self.rude(agent)
        begin = time.monotonic()
        end = self.begin_masking(f"{rude} silent 16 & sleep 0.3; exit 3", agent).answer()
        self.assertEqual("code=3 oom=0", end.text)
        self.assertLess(time.monotonic() - begin, 5)
        self.begin_masking("echo some-value | mayfly-mask", agent)
        self.asked(agent)
        agent.send(frame("M", "+"))
        self.assertEqual(0, agent.answer().code)

    def test_silent_clients_are_dropped_after_a_while(self):
        agent = self.ready()
        rude = self.rude(agent)
        self.begin_masking(f"{rude} silent 16 & sleep 0.3; echo some-value | mayfly-mask; kill %1", agent)
        self.assertEqual("some-value\n", self.asked(agent)[1])
        agent.send(frame("M", "+"))
        self.assertEqual(0, agent.answer().code)
