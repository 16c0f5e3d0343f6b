package io.refreshd.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The package table of ARCHITECTURE.md. */
class PackagesTest {
    private static JavaClasses program;

    @BeforeAll
    static void read() {
        program = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("io.refreshd");
    }

    /** A package may know those named behind it, itself and the libraries; daemon, cli and demo may know more (see below). */
    @ParameterizedTest
    @CsvSource({
        "model,    ''",
        "client,   ''",
        "report,   model",
        "config,   model client",
        "catalog,  model",
        "capture,  model config database",
        "routing,  model report catalog",
        "schedule, model report",
        "ledger,   model",
        "exchange, model ledger database catalog",
        "redefine, model ledger database catalog exchange incremental",
        "refresh,  model ledger database catalog incremental",
        "observe,  model report diagram",
        "diagram,  model report",
        "audit,    model ledger database catalog",
        "incremental, model ledger database catalog exchange",
        "database, config",
        "doctor,   model config database catalog capture ledger roles",
        "roles,    model config database catalog ledger client incremental exchange",
        "ingest,   model report catalog capture routing schedule refresh ledger",
        "reconcile, model report config catalog capture doctor routing schedule ledger database ingest",
        "fleet,    model report config observe daemon",
        "stream,   model report config capture doctor schedule refresh ledger database observe ingest reconcile",
    })
    void usesOnlyTheAllowedPackages(String name, String allowed) {
        String[] packages = Stream.concat(Stream.of(name), Arrays.stream(allowed.split(" ")))
                .filter(part -> !part.isEmpty())
                .map(part -> "io.refreshd." + part + "..")
                .toArray(String[]::new);
        check(noClasses()
                .that()
                .resideInAPackage("io.refreshd." + name + "..")
                .should()
                .dependOnClassesThat(com.tngtech.archunit.base.DescribedPredicate.describe(
                        "are refreshd's and not in " + allowed,
                        (JavaClass known) -> known.getPackageName().startsWith("io.refreshd")
                                && !com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage(packages)
                                        .test(known))));
    }

    /** The root package is no place for a class: each belongs to a room. */
    @Test
    void theRootPackageIsEmpty() {
        check(classes().that().resideInAPackage("io.refreshd").should().haveSimpleName("package-info"));
    }

    @Test
    void nothingBelowTheDaemonKnowsItAndTheDaemonKnowsNoVerb() {
        check(noClasses()
                .that()
                .resideOutsideOfPackages(
                        "io.refreshd.daemon..", "io.refreshd.fleet..", "io.refreshd.cli..", "io.refreshd.demo..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.refreshd.daemon..", "io.refreshd.fleet..", "io.refreshd.cli..", "io.refreshd.demo.."));
        check(noClasses()
                .that()
                .resideInAPackage("io.refreshd.daemon..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.refreshd.cli..", "io.refreshd.demo.."));
    }

    @Test
    void noCircleBetweenPackages() {
        check(slices().matching("io.refreshd.(*)..").should().beFreeOfCycles());
    }

    @ParameterizedTest
    @CsvSource({
        "io.debezium..,         io.refreshd.capture..",
        "org.apache.kafka.connect.., io.refreshd.capture..",
        "org.apache.kafka..,    io.refreshd.(capture|fleet)..",
        "io.micrometer..,       io.refreshd.observe..",
        "io.zonky..,            io.refreshd.demo..",
    })
    void aLibraryIsUsedInOnePackage(String library, String place) {
        check(noClasses()
                .that()
                .resideOutsideOfPackage(place)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library));
    }

    @Test
    void theModelUsesTheJdkAlone() {
        check(classes()
                .that()
                .resideInAPackage("io.refreshd.model..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("java..", "io.refreshd.model..", "org.jspecify.."));
    }

    /** Deadlines and timestamps come from a clock that is passed in, so that a test can set it. */
    @Test
    void decisionsDoNotReadAClock() {
        check(noClasses()
                .that()
                .resideInAnyPackage(
                        "io.refreshd.model..",
                        "io.refreshd.report..",
                        "io.refreshd.config..",
                        "io.refreshd.catalog..",
                        "io.refreshd.routing..",
                        "io.refreshd.schedule..",
                        "io.refreshd.refresh..",
                        "io.refreshd.ledger..",
                        "io.refreshd.audit..",
                        "io.refreshd.doctor..",
                        "io.refreshd.ingest..",
                        "io.refreshd.reconcile..",
                        "io.refreshd.diagram..",
                        "io.refreshd.observe..")
                .should()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(Instant.class, "now")
                .orShould()
                .callMethod(Clock.class, "systemUTC")
                .orShould()
                .callMethod(Thread.class, "sleep", long.class));
    }

    private static void check(ArchRule rule) {
        rule.allowEmptyShould(true).check(program);
    }
}
