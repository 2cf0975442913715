package dev.mayfly.source.gitlab;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever a GitLab server can do wrong, or has to say no to, and the test that shows how a job
 * ends then: with the state that is meant and its log to the byte, or why that cannot be. The tests
 * are named here so that a fault without one is seen.
 */
class StubChecklistTest {

    /**
     * A row of the list.
     *
     * @param fault of the server
     * @param end what becomes of the job, or of the registration
     * @param tests that show it, each as CLASS.METHOD below dev.mayfly
     */
    record Row(String fault, String end, List<String> tests) {
        @Override
        public String toString() {
            return fault;
        }
    }

    private static Row row(String fault, String end, String... tests) {
        return new Row(fault, end, List.of(tests));
    }

    private static final String API = "source.gitlab.RunnerApiTest.";
    private static final String SOURCE = "source.gitlab.GitLabSourceTest.";
    private static final String DELIVERY = "source.gitlab.TraceDeliveryTest.";
    private static final String EXCHANGE = "source.gitlab.GitLabExchangeTest.";
    private static final String COMMAND = "cli.RegisterCommandTest.";
    private static final String CRASH = "bootstrap.GitLabCrashIT.";
    private static final String JOBS = "bootstrap.GitLabIT.";

    static Stream<Row> registration() {
        return Stream.of(
                row("registration: 403", "refused, with the cure", API + "refusalHasCauseAndCure"),
                row(
                        "registration: 410",
                        "refused, with the cure",
                        COMMAND + "oldTokenMakesARunnerUnlessTheServerTakesNone"),
                row(
                        "verify: 403",
                        "refused",
                        COMMAND + "tokenThatTheServerDoesNotKnowIsRefusedWithTheCure"),
                row(
                        "verify: 422",
                        "refused",
                        COMMAND + "runnerWithoutItsGroupIsRefusedWithTheCure"),
                row("verify: the text 200", "good", API + "oldServersPlainAnswerIsGranted"),
                row("verify: an end, or none", "kept", API + "goodTokenIsGrantedWithItsEnd"),
                row(
                        "5xx, 429, pages of a proxy",
                        "asked again",
                        API + "overloadedServerIsAskedUpToFiveTimes"),
                row("another media type", "no grant", API + "grantThatIsNotJsonIsRefused"),
                row("token in an error", "hidden", API + "tokenThatTheServerRepeatsIsHidden"),
                row(
                        "removal of manager and runner",
                        "gone here and there",
                        COMMAND + "unregisteredRunnerIsForgottenHereAndAtTheServer",
                        API + "unregisteredManagerLeavesTheRunner",
                        API + "legacyRegistrationMakesARunnerAndTakesItAway"),
                row(
                        "an exchanged token ends the old one",
                        "the new one is kept",
                        SOURCE + "tokenIsExchangedBeforeItEndsAndKept",
                        SOURCE + "registrationThatWasMadeAgainIsTakenUp"));
    }

    static Stream<Row> questions() {
        return Stream.of(
                row(
                        "409, 429 with Retry-After or a date, 500, 502 and 503 as pages, 400, 422,"
                                + " 301, a reset before the answer",
                        "the job comes with a later question",
                        SOURCE + "jobComesAfterFaults"),
                row(
                        "a reset after the answer, half an answer, another media type",
                        "stated: the server has given the job away and nobody knows it; it ends"
                                + " there by the server's own limit. The next one comes",
                        SOURCE + "jobWhoseAnswerIsLostStaysAtTheServerAndTheNextOneComes"),
                row(
                        "a slow answer",
                        "waited for",
                        SOURCE + "jobOfASlowAnswerIsClaimedByWhoeverAsksNext"),
                row(
                        "an answer when the daemon stops",
                        "given back as failed",
                        SOURCE + "jobThatComesTooLateIsGivenBack"),
                row(
                        "204 with a value",
                        "sent with the next",
                        SOURCE + "unchangedQueueIsAskedForWithWhatTheServerSaid"),
                row(
                        "a held question",
                        "asked again at once",
                        SOURCE + "heldQuestionIsAnsweredByAChangeAndAskedAgainForTheJob"),
                row(
                        "a feature that is not declared",
                        "never arrives",
                        SOURCE + "jobThatNeedsMoreThanWasDeclaredNeverArrives"),
                row(
                        "a payload that cannot be read",
                        "failed",
                        SOURCE + "jobThatCannotBeReadFailsAtTheServer"),
                row(
                        "a job that needs what is lacking",
                        "failed, said",
                        SOURCE + "jobThatCannotBeHeldIsRefusedInItsOwnLog"));
    }

    static Stream<Row> traces() {
        return Stream.of(
                row(
                        "trace: 500, 502, 503, 429, 409, 400, 404, resets, an answer lost after"
                                + " appending, 416 without or with an odd Range, a slow answer",
                        "to the byte",
                        DELIVERY + "logIsCompleteAfterFaults"),
                row(
                        "416 at a later piece",
                        "to the byte",
                        DELIVERY + "serverThatLostItsCopyGetsItAgain"),
                row(
                        "the server has more than there is",
                        "stated: the end goes without a checksum",
                        DELIVERY + "serverWithMoreThanThereIsStillGetsTheEnd"),
                row(
                        "403 after so many bytes",
                        "ended by the server",
                        DELIVERY + "logAboveTheInstancesLimitEndsTheJob"),
                row("an outage of any length", "to the byte", DELIVERY + "longOutageLosesNothing"),
                row(
                        "update: 500, 502, 503, 429, 409, 400, resets, an answer lost after recording"
                                + " (403 with the end's own state)",
                        "recorded once",
                        DELIVERY + "endIsToldUntilItIsTaken"),
                row("202, several times", "recorded once", DELIVERY + "pendingEndIsAskedForAgain"),
                row(
                        "412",
                        "whole log again, nothing twice",
                        DELIVERY + "wrongChecksumSendsTheWholeLogAgainAndNothingTwice"),
                row(
                        "412 for ever",
                        "stated: the end goes without a checksum",
                        DELIVERY + "serverThatNeverAgreesGetsTheEndWithoutAChecksum"),
                row(
                        "403 with a status",
                        "ended by the server",
                        DELIVERY + "forcedCancelEndsAllAndNoEndIsTold"),
                row(
                        "more than 200 calls a minute by one job's token",
                        "never",
                        "bootstrap.GitLabWalkIT.pipelineRunsFromTheRegistrationToItsGreenEnd"));
    }

    static Stream<Row> cancelling() {
        return Stream.of(
                row(
                        "canceling with a piece",
                        "canceled",
                        DELIVERY + "gracefulCancelIsHeardOnceWithAPieceAndTheLogGoesOn",
                        JOBS + "jobThatIsCancelledAtTheServerStillRunsItsAfterScript"),
                row(
                        "canceling with a sign of life",
                        "canceled",
                        DELIVERY + "silentJobHearsItsCancelWithASignOfLife"),
                row(
                        "canceling before the first update",
                        "canceled",
                        SOURCE + "jobThatIsCancelledBeforeItBeginsIsClaimedAsCancelled"),
                row(
                        "403 canceled",
                        "dropped, or ended at once",
                        SOURCE + "jobThatIsOverBeforeItBeginsIsDropped",
                        DELIVERY + "forcedCancelEndsAllAndNoEndIsTold"));
    }

    static Stream<Row> files() {
        return Stream.of(
                row(
                        "upload: 400, 403, 405, 413, 500, 503",
                        "as often as there is hope",
                        EXCHANGE + "refusalIsRepeatedAsOftenAsThereIsHope",
                        EXCHANGE + "busyServerIsAskedSixTimes",
                        "bootstrap.ArtifactsIT.uploadThatIsRefusedFailsAJobThatPassed"),
                row(
                        "upload: 307",
                        "followed at the server, stated: refused elsewhere",
                        EXCHANGE + "redirectWithinTheServerIsFollowed",
                        EXCHANGE + "tokenIsNotSentToWhereAnUploadIsRedirected"),
                row(
                        "upload: an answer is lost",
                        "kept once",
                        EXCHANGE + "artifactWhoseAnswerWasLostIsKeptOnce"),
                row(
                        "types and formats",
                        "as GitLab wants them",
                        EXCHANGE + "artifactArrivesWithAllThatTheServerWantsToKnow",
                        EXCHANGE + "reportsAreSentInTheirFormats"),
                row(
                        "download: 200, 302 without the token",
                        "fetched",
                        EXCHANGE + "archiveIsFetchedFromTheServerOrFromItsStorage",
                        EXCHANGE + "storageThatCannotBeReachedIsGoneAround"),
                row(
                        "download: 401, 403, 404, 500",
                        "failed, said",
                        EXCHANGE + "archiveThatIsNotToBeHadIsSaidWithItsReason"),
                row(
                        "download: breaks off",
                        "from the beginning",
                        EXCHANGE + "archiveThatBreaksOffIsFetchedAgainFromItsBeginning"),
                row(
                        "git: a token that opens nothing",
                        "failed, said",
                        JOBS + "sourcesThatTheJobsTokenDoesNotOpenAreNamedAsSuch"),
                row(
                        "a registry with logins",
                        "pulled, or said why not",
                        "bootstrap.RegistryLoginsIT.loginOfTheServerOpensTheRegistry",
                        "bootstrap.RegistryLoginsIT.jobWithoutALoginIsToldWhatItLacksAndNotRetried"),
                row(
                        "a Vault",
                        "served, revoked, nothing left",
                        "bootstrap.VaultJobIT.jobHasItsSecretsAndNothingOfThemIsLeft"));
    }

    /** The daemon is killed; the next one tells the server an end. */
    static Stream<Row> kills() {
        return Stream.of(
                row(
                        "between the phases",
                        "lost",
                        SOURCE + "jobThatWasLostWithALifeGetsAnEndFromTheNext"),
                row(
                        "before it says that it runs",
                        "lost",
                        CRASH + "killedBeforeTheServerHasHeardThatItRuns"),
                row("while it waits for an image", "lost", CRASH + "killedWhileItWaitsForAnImage"),
                row("during the checkout", "lost", CRASH + "killedDuringTheCheckout"),
                row("while a cache is restored", "lost", CRASH + "killedWhileItsCacheIsRestored"),
                row(
                        "while artifacts are fetched",
                        "lost",
                        CRASH + "killedWhileArtifactsOfAnEarlierJobAreFetched"),
                row("while the script runs", "lost", CRASH + "killedWhileTheScriptRuns"),
                row("while the after_script runs", "lost", CRASH + "killedWhileTheAfterScriptRuns"),
                row("while a cache is saved", "lost", CRASH + "killedWhileItsCacheIsSaved"),
                row("while artifacts are sent", "lost", CRASH + "killedWhileItsArtifactsAreSent"),
                row(
                        "during the teardown",
                        "the job's own end",
                        CRASH + "killedDuringTheTeardownAfterWhichTheOutcomeStands"),
                row(
                        "while the server takes nothing",
                        "the job's own end",
                        CRASH + "killedWhileTheServerCannotTakeTheEnd",
                        SOURCE + "endThatALifeCouldNotTellIsToldByTheNext"));
    }

    @ParameterizedTest
    @MethodSource({"registration", "questions", "traces", "cancelling", "files", "kills"})
    void faultHasATestThatShowsHowItEnds(Row row) throws ClassNotFoundException {
        for (String test : row.tests()) {
            int dot = test.lastIndexOf('.');
            Class<?> type =
                    Class.forName(
                            "dev.mayfly." + test.substring(0, dot),
                            false,
                            StubChecklistTest.class.getClassLoader());

            assertThat(type.getDeclaredMethods())
                    .as(test)
                    .anyMatch(method ->
                            method.getName().equals(test.substring(dot + 1))
                                    && (method.isAnnotationPresent(Test.class)
                                            || method.isAnnotationPresent(
                                                    ParameterizedTest.class)));
        }
    }

    @Test
    void everyKillOfADaemonIsInTheList() throws ClassNotFoundException {
        List<String> listed = kills().flatMap(row -> row.tests().stream()).toList();
        Class<?> crashes =
                Class.forName(
                        "dev.mayfly.bootstrap.GitLabCrashIT",
                        false,
                        StubChecklistTest.class.getClassLoader());

        assertThat(
                        Arrays.stream(crashes.getDeclaredMethods())
                                .filter(method -> method.isAnnotationPresent(Test.class))
                                .map(method -> CRASH + method.getName()))
                .isSubsetOf(listed);
    }
}
