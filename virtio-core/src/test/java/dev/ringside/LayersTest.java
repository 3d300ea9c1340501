package dev.ringside;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.Architectures.LayeredArchitecture;
import java.util.Arrays;

/**
 * Who may know whom in virtio-core: the picture in ARCHITECTURE.md, kept by the build. A package that is not named here
 * fails; one that is named but not written yet does not.
 */
@AnalyzeClasses(packages = "dev.ringside", importOptions = ImportOption.DoNotIncludeTests.class)
class LayersTest {

    /** Bottom to top: a package, then those it may know. {@code app} may know them all. */
    private static final String[][] LAYERS = {
        {"fault"},
        {"metrics"},
        {"linux", "fault"},
        {"memory", "fault", "linux"},
        {"queue", "fault", "memory"},
        {"loop", "fault", "linux", "memory"},
        {"channel", "fault", "linux", "loop"},
        {"device", "fault", "metrics", "linux", "memory", "queue", "loop"},
        {"vhostuser", "fault", "metrics", "linux", "memory", "queue", "loop", "channel", "device"},
        {"link", "fault", "metrics", "linux", "memory", "loop", "channel"},
        {"app", "fault", "metrics", "linux", "memory", "queue", "loop", "channel", "device", "vhostuser", "link"},
    };

    @ArchTest
    static final ArchRule aLayerKnowsOnlyThoseBelowIt = layers();

    @ArchTest
    static final ArchRule packagesFormNoCycles =
            slices().matching("dev.ringside.(*)..").should().beFreeOfCycles().allowEmptyShould(true);

    @ArchTest
    static final ArchRule onlyLinuxUsesJna = onlyIn("JNA", "com.sun.jna..", "linux");

    @ArchTest
    static final ArchRule onlyTheIoLayersUseNetty =
            onlyIn("Netty", "io.netty..", "loop", "channel", "vhostuser", "link");

    @ArchTest
    static final ArchRule onlyAppUsesPicocli = onlyIn("picocli", "picocli..", "app");

    /** For signals. The compiler does not warn of sun.misc here (see pom.xml), so this rule does. */
    @ArchTest
    static final ArchRule onlyAppUsesSunMisc = onlyIn("sun.misc", "sun.misc..", "app");

    @ArchTest
    static final ArchRule nobodyUsesUnsafe =
            noClasses().should().dependOnClassesThat().haveNameMatching("(sun\\.misc|jdk\\.internal\\..*)\\.Unsafe");

    @ArchTest
    static final ArchRule nobodyUsesJavaSerialization = noClasses()
            .should()
            .dependOnClassesThat()
            .haveNameMatching("java\\.io\\.Object(In|Out)put(Stream)?(\\$.*)?");

    @ArchTest
    static final ArchRule onlyAppWritesToTheConsole = noClasses()
            .that()
            .resideOutsideOfPackage("dev.ringside.app..")
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .orShould()
            .callMethod(Throwable.class, "printStackTrace");

    private static ArchRule layers() {
        LayeredArchitecture architecture = layeredArchitecture().consideringOnlyDependenciesInLayers();
        for (String[] layer : LAYERS) {
            architecture = architecture.optionalLayer(layer[0]).definedBy(packages(layer[0]));
        }
        for (String[] layer : LAYERS) {
            String[] knows = Arrays.copyOfRange(layer, 1, layer.length);
            architecture = knows.length == 0
                    ? architecture.whereLayer(layer[0]).mayNotAccessAnyLayer()
                    : architecture.whereLayer(layer[0]).mayOnlyAccessLayers(knows);
        }
        return architecture.ensureAllClassesAreContainedInArchitecture();
    }

    private static ArchRule onlyIn(String what, String library, String... layers) {
        String[] users = Arrays.stream(layers).map(LayersTest::packages).toArray(String[]::new);
        return noClasses()
                .that()
                .resideOutsideOfPackages(users)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library)
                .as("only " + String.join(", ", layers) + " may use " + what)
                .allowEmptyShould(true);
    }

    private static String packages(String layer) {
        return "dev.ringside." + layer + "..";
    }
}
