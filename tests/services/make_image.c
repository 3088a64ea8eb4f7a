/* make_image.c - makes and checks the pictures of the service tests, so that none is kept as a
 * blob.
 *
 *   make_image array                     a JPEG as a C header, on standard output
 *   make_image jpeg|png FILE W H         writes a picture
 *   make_image cut FILE BYTES            cuts a file off
 *   make_image check jpeg|png FILE W H   exit status 0 if the file is that, undamaged */
#include <gd.h>
#include <gd_errors.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARRAY_WIDTH = 48, ARRAY_HEIGHT = 32, QUALITY = 80, PNG_LEVEL = 6, FILE_MAX = 1 << 20 };

static int messages;

static void on_message(int priority, const char *format, va_list args)
{
    (void)priority;
    messages++;
    vfprintf(stderr, format, args);
}

static void *picture(int jpeg, int width, int height, int *size)
{
    gdImagePtr image = gdImageCreateTrueColor(width, height);

    if (!image) return NULL;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            gdImageSetPixel(image, x, y, gdTrueColor(x * 255 / width, y * 255 / height,
                                                     (x * y) & 255));
    void *data = jpeg ? gdImageJpegPtr(image, size, QUALITY)
                      : gdImagePngPtrEx(image, size, PNG_LEVEL);
    gdImageDestroy(image);
    return data;
}

static int array(void)
{
    int size = 0;
    unsigned char *data = picture(1, ARRAY_WIDTH, ARRAY_HEIGHT, &size);

    if (!data) return 1;
    printf("/* Made by make_image: a JPEG of %d x %d pixels. */\n", ARRAY_WIDTH, ARRAY_HEIGHT);
    printf("#define IMAGE_SIZE %d\n#define IMAGE_SIZE_TEXT \"%d\"\n", size, size);
    printf("static const unsigned char image[IMAGE_SIZE] = {");
    for (int i = 0; i < size; i++)
        printf("%s0x%02x,", i % 16 ? " " : "\n    ", (unsigned)data[i]);
    printf("\n};\n");
    gdFree(data);
    return ferror(stdout) != 0;
}

static int write_picture(const char *type, const char *path, int width, int height)
{
    int size = 0;
    void *data = picture(strcmp(type, "jpeg") == 0, width, height, &size);
    FILE *f = data ? fopen(path, "wb") : NULL;
    int good = f && fwrite(data, 1, (size_t)size, f) == (size_t)size;

    if (f && fclose(f)) good = 0;
    if (data) gdFree(data);
    return !good;
}

static int check(const char *type, const char *path, int width, int height)
{
    static unsigned char data[FILE_MAX];
    FILE *f = fopen(path, "rb");
    int size = f ? (int)fread(data, 1, sizeof data, f) : 0;
    gdImagePtr image;

    if (!f) return 1;
    fclose(f);
    image = strcmp(type, "jpeg") == 0 ? gdImageCreateFromJpegPtrEx(size, data, 0)
                                      : gdImageCreateFromPngPtr(size, data);
    if (!image) return 1;
    int good = gdImageSX(image) == width && gdImageSY(image) == height && !messages;
    if (!good) fprintf(stderr, "%s: %d x %d\n", path, gdImageSX(image), gdImageSY(image));
    gdImageDestroy(image);
    return !good;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    gdSetErrorMethod(on_message);
    if (!strcmp(what, "array") && argc == 2) return array();
    if (!strcmp(what, "cut") && argc == 4) return truncate(argv[2], atol(argv[3])) != 0;
    if (!strcmp(what, "check") && argc == 6)
        return check(argv[2], argv[3], atoi(argv[4]), atoi(argv[5]));
    if ((!strcmp(what, "jpeg") || !strcmp(what, "png")) && argc == 5)
        return write_picture(what, argv[2], atoi(argv[3]), atoi(argv[4]));
    fprintf(stderr, "make_image: wrong usage; see its first comment\n");
    return 2;
}
