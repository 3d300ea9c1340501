package dev.ringside.queue;

import dev.ringside.memory.GuestAccess;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.foreign.MemorySegment;
import java.util.Set;

/**
 * Kills a device before a certain one of its stores to memory that outlives it. The queue's own classes are loaded anew,
 * with their stores led through here; so every step of what they do can be the last one, and not only the steps between
 * two calls.
 */
public final class KillSwitch {
    /** What death looks like. */
    @SuppressWarnings("serial")
    public static final class Killed extends Error {
        Killed() {
            super(null, null, false, false);
        }
    }

    private static int storesLeft = Integer.MAX_VALUE;
    private static int stores;

    private KillSwitch() {}

    /** From here on a device survives this number of stores, and is killed before the next one. */
    public static void after(int count) {
        storesLeft = count;
        stores = 0;
    }

    /** The stores since then. */
    public static int stores() {
        return stores;
    }

    private static void store() {
        if (storesLeft-- == 0) {
            throw new Killed();
        }
        stores++;
    }

    public static void putU8Release(MemorySegment memory, long offset, int value) {
        store();
        GuestAccess.putU8Release(memory, offset, value);
    }

    public static void putU16(MemorySegment memory, long offset, int value) {
        store();
        GuestAccess.putU16(memory, offset, value);
    }

    public static void putU16Release(MemorySegment memory, long offset, int value) {
        store();
        GuestAccess.putU16Release(memory, offset, value);
    }

    public static void putU32(MemorySegment memory, long offset, long value) {
        store();
        GuestAccess.putU32(memory, offset, value);
    }

    public static void putU64(MemorySegment memory, long offset, long value) {
        store();
        GuestAccess.putU64(memory, offset, value);
    }

    public static void putU64Release(MemorySegment memory, long offset, long value) {
        store();
        GuestAccess.putU64Release(memory, offset, value);
    }

    /** Makes an object of a class whose stores, and those of the queue, go through here. */
    static <T> T load(Class<T> type, Class<? extends T> implementation) throws ReflectiveOperationException {
        return type.cast(new Loader()
                .loadClass(implementation.getName())
                .getDeclaredConstructor()
                .newInstance());
    }

    private static final class Loader extends ClassLoader {
        /** Types that the driver's side knows as well. */
        private static final Set<String> SHARED = Set.of(
                "VringAddress", "RingFeatures", "KillSwitch", "DeviceLife", "DeviceLife$Ring", "KillSwitch$Killed");

        private static final String PACKAGE = KillSwitch.class.getPackageName() + ".";

        Loader() {
            super(KillSwitch.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith(PACKAGE) || SHARED.contains(name.substring(PACKAGE.length()))) {
                return super.loadClass(name, resolve);
            }
            Class<?> loaded = findLoadedClass(name);
            return loaded == null ? define(name) : loaded;
        }

        private Class<?> define(String name) throws ClassNotFoundException {
            try (InputStream file = getResourceAsStream(name.replace('.', '/') + ".class")) {
                byte[] bytes = redirectStores(file.readAllBytes());
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }

        private static byte[] redirectStores(byte[] original) {
            ClassFile classFile = ClassFile.of();
            ClassDesc from = ClassDesc.of(GuestAccess.class.getName());
            ClassDesc to = ClassDesc.of(KillSwitch.class.getName());
            return classFile.transformClass(
                    classFile.parse(original), ClassTransform.transformingMethodBodies((code, element) -> {
                        if (element instanceof InvokeInstruction call
                                && call.owner().asSymbol().equals(from)
                                && call.name().stringValue().startsWith("put")) {
                            code.invokestatic(to, call.name().stringValue(), call.typeSymbol());
                        } else {
                            code.with(element);
                        }
                    }));
        }
    }
}
