package dev.ringside.app;

import java.util.Objects;
import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints: the version that the build put into the jar. */
public final class ManifestVersion implements IVersionProvider {
    @Override
    public String[] getVersion() {
        String version = ManifestVersion.class.getPackage().getImplementationVersion();
        return new String[] {"ringside " + Objects.requireNonNullElse(version, "(not built as a jar)")};
    }
}
