/*
 * frame_codec.c - framing of readings between sensor board and Corvid 7 modem board
 *
 * Frame: 0x7E | length (1) | type (1) | payload (0..200) | CRC-16 (2, low byte first) | 0x7E
 * A byte 0x7E or 0x7D inside the frame is sent as 0x7D followed by the byte XOR 0x20.
 *
 * Owner: Henrik Aldous, firmware. Last change: 2024-12-18.
 */
#include <stddef.h>
#include <stdint.h>

#define FRAME_FLAG 0x7Eu
#define FRAME_ESCAPE 0x7Du
#define FRAME_XOR 0x20u
#define FRAME_MAX_PAYLOAD 200u
#define FRAME_TIMEOUT_MS 150u /* a frame that takes longer is thrown away */

enum frame_type {
    FRAME_READING = 0x01,
    FRAME_ALARM = 0x02,
    FRAME_HEARTBEAT = 0x03,
    FRAME_CONFIG = 0x10,
    FRAME_REBOOT = 0x7F
};

/* CRC-16/X-25: polynomial 0x1021 reflected (0x8408), start value 0xFFFF, final XOR 0xFFFF. */
uint16_t frame_crc(const uint8_t *data, size_t length)
{
    uint16_t crc = 0xFFFFu;
    for (size_t i = 0; i < length; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1u) ? (uint16_t)((crc >> 1) ^ 0x8408u) : (uint16_t)(crc >> 1);
        }
    }
    return (uint16_t)(crc ^ 0xFFFFu);
}

static size_t put(uint8_t *out, size_t at, uint8_t value)
{
    if (value == FRAME_FLAG || value == FRAME_ESCAPE) {
        out[at++] = FRAME_ESCAPE;
        value ^= FRAME_XOR;
    }
    out[at++] = value;
    return at;
}

/*
 * Encode one frame. The buffer must hold 2 * (length + 4) + 2 bytes in the worst case.
 * Returns the number of bytes written, or 0 if the payload is too long.
 */
size_t frame_encode(uint8_t *out, enum frame_type type, const uint8_t *payload, size_t length)
{
    uint8_t body[FRAME_MAX_PAYLOAD + 2u];
    size_t at = 0;

    if (length > FRAME_MAX_PAYLOAD) {
        return 0;
    }
    body[0] = (uint8_t)length;
    body[1] = (uint8_t)type;
    for (size_t i = 0; i < length; i++) {
        body[i + 2] = payload[i];
    }
    uint16_t crc = frame_crc(body, length + 2);

    out[at++] = FRAME_FLAG;
    for (size_t i = 0; i < length + 2; i++) {
        at = put(out, at, body[i]);
    }
    at = put(out, at, (uint8_t)(crc & 0xFFu));
    at = put(out, at, (uint8_t)(crc >> 8));
    out[at++] = FRAME_FLAG;
    return at;
}
