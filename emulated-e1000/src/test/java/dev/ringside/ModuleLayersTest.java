package dev.ringside;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The protocol does not know the card, the card does not know sockets, and both know the bus between them. */
@AnalyzeClasses(
        packages = {"dev.ringside.pci", "dev.ringside.vfiouser", "dev.ringside.e1000", "dev.ringside.emulated"},
        importOptions = ImportOption.DoNotIncludeTests.class)
class ModuleLayersTest {
    @ArchTest
    static final ArchRule theBusKnowsNobody = noClasses()
            .that()
            .resideInAPackage("dev.ringside.pci")
            .should()
            .dependOnClassesThat()
            .resideOutsideOfPackages("dev.ringside.pci", "java..", "org.jspecify..");

    @ArchTest
    static final ArchRule theProtocolKnowsNoCard = noClasses()
            .that()
            .resideInAPackage("dev.ringside.vfiouser")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.ringside.e1000", "dev.ringside.link", "dev.ringside.emulated");

    @ArchTest
    static final ArchRule theCardKnowsNoSocket = noClasses()
            .that()
            .resideInAPackage("dev.ringside.e1000")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.ringside.vfiouser",
                    "dev.ringside.channel",
                    "dev.ringside.linux",
                    "dev.ringside.emulated",
                    "io.netty..");
}
