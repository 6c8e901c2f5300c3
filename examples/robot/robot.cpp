// Watches the road through a camera: asks the service about the newest frame, and drops those that are late.
//
//     robot SERVICE CAMERA FRAMES DEADLINE_MS
//     robot http://127.0.0.1:8000 0 100 200
//
// CAMERA is the number of a camera, a video, or a pattern of pictures such as frames/%03d.jpg. The program ends after so
// many FRAMES, or with the video. A frame that is older than DEADLINE_MS when its answer arrives is late. The environment
// variable FCN_SERVE_KEY is the key, if the service asks for one. Build (Debian: libopencv-videoio-dev,
// libopencv-imgcodecs-dev, libcurl4-openssl-dev, nlohmann-json3-dev):
//
//     g++ -std=c++17 -O2 robot.cpp -o robot -I/usr/include/opencv4
//         -lopencv_videoio -lopencv_imgcodecs -lopencv_core -lcurl -pthread

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/videoio.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct Frame {
    cv::Mat image;
    long number;
    Clock::time_point seen;

    milliseconds age() const { return std::chrono::duration_cast<milliseconds>(Clock::now() - seen); }
};

// Reads frames in a thread of its own and keeps the newest.
class Camera {
public:
    explicit Camera(const std::string& source)
        : recorded_(!std::all_of(source.begin(), source.end(), [](unsigned char c) { return std::isdigit(c); })) {
        if (!(recorded_ ? capture_.open(source) : capture_.open(std::stoi(source))))
            throw std::runtime_error("there is no camera or video " + source);
        thread_ = std::thread(&Camera::read, this);
    }

    ~Camera() {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            stopped_ = true;
        }
        thread_.join();
    }

    // The newest frame that was not taken before; waits for one. Nothing when the video has ended.
    std::optional<Frame> newest() {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this] { return newest_ || ended_; });
        return std::exchange(newest_, std::nullopt);
    }

private:
    void read() {
        const double rate = capture_.get(cv::CAP_PROP_FPS);
        const auto pause = std::chrono::duration<double>(1 / (rate > 0 ? rate : 30));
        cv::Mat image;
        for (long number = 0; !stopped() && capture_.read(image); ++number) {
            put(Frame{image.clone(), number, Clock::now()});
            if (recorded_) std::this_thread::sleep_for(pause);  // a camera waits for its next frame by itself
        }
        std::lock_guard<std::mutex> lock(mutex_);
        ended_ = true;
        changed_.notify_one();
    }

    void put(Frame frame) {
        std::lock_guard<std::mutex> lock(mutex_);
        newest_ = std::move(frame);
        changed_.notify_one();
    }

    bool stopped() {
        std::lock_guard<std::mutex> lock(mutex_);
        return stopped_;
    }

    const bool recorded_;
    cv::VideoCapture capture_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<Frame> newest_;
    bool ended_ = false, stopped_ = false;
    std::thread thread_;
};

struct Answer {
    long status;     // 0: none came in time
    long wait_s;     // before the next request, if the service is busy
    std::string body;
};

// Keeps one connection to the service.
class Service {
public:
    explicit Service(const std::string& url) : curl_(curl_easy_init(), curl_easy_cleanup) {
        if (!curl_) throw std::runtime_error("libcurl does not start");
        curl_easy_setopt(curl_.get(), CURLOPT_URL, (url + "/segment?include=").c_str());  // areas, no mask
        curl_easy_setopt(curl_.get(), CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl_.get(), CURLOPT_WRITEFUNCTION, append);
    }

    Answer ask(const std::vector<unsigned char>& jpeg, milliseconds deadline) {
        Answer answer{0, 0, ""};
        const Headers headers = headers_of(deadline);
        curl_easy_setopt(curl_.get(), CURLOPT_HTTPHEADER, headers.get());
        curl_easy_setopt(curl_.get(), CURLOPT_POSTFIELDS, jpeg.data());
        curl_easy_setopt(curl_.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(jpeg.size()));
        curl_easy_setopt(curl_.get(), CURLOPT_TIMEOUT_MS, static_cast<long>((deadline + grace).count()));
        curl_easy_setopt(curl_.get(), CURLOPT_WRITEDATA, &answer.body);
        const CURLcode code = curl_easy_perform(curl_.get());
        if (code != CURLE_OK && code != CURLE_OPERATION_TIMEDOUT) throw std::runtime_error(curl_easy_strerror(code));
        long opened = 0;
        curl_off_t wait = 0;
        curl_easy_getinfo(curl_.get(), CURLINFO_NUM_CONNECTS, &opened);
        curl_easy_getinfo(curl_.get(), CURLINFO_RETRY_AFTER, &wait);
        connections += opened;
        answer.wait_s = static_cast<long>(wait);
        if (code == CURLE_OK) curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &answer.status);
        return answer;
    }

    long connections = 0;

private:
    using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

    // For the service to say that it is too late: then the connection can be kept.
    static constexpr milliseconds grace{1000};

    static Headers headers_of(milliseconds deadline) {
        curl_slist* list = curl_slist_append(nullptr, "Content-Type: image/jpeg");
        list = curl_slist_append(list, ("X-Deadline-Ms: " + std::to_string(deadline.count())).c_str());
        if (const char* key = std::getenv("FCN_SERVE_KEY"))
            list = curl_slist_append(list, (std::string("Authorization: Bearer ") + key).c_str());
        return Headers(list, curl_slist_free_all);
    }

    static std::size_t append(char* data, std::size_t, std::size_t size, void* body) {
        static_cast<std::string*>(body)->append(data, size);
        return size;
    }

    std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl_;
};

// How much of the picture is road, and whether somebody is on it or beside it.
void report(const Frame& frame, const nlohmann::json& answer) {
    double road = 0;
    bool pedestrian = false;
    for (const auto& area : answer.at("classes")) {
        if (area.at("name") == "road") road = area.at("fraction");
        if (area.at("name") == "pedestrian") pedestrian = area.at("pixels") > 0;
    }
    std::printf("frame %ld: road %.1f %%, %s, %ld ms old\n", frame.number, 100 * road,
                pedestrian ? "pedestrian" : "nobody", static_cast<long>(frame.age().count()));
}

void follow(Camera& camera, Service& service, int frames, milliseconds deadline) {
    long last = -1, answered = 0, late = 0, busy = 0, dropped = 0;
    std::vector<unsigned char> jpeg;
    for (int taken = 0; taken < frames; ++taken) {
        const std::optional<Frame> frame = camera.newest();
        if (!frame) break;
        dropped += frame->number - last - 1;
        last = frame->number;
        cv::imencode(".jpg", frame->image, jpeg, {cv::IMWRITE_JPEG_QUALITY, 90});
        const Answer answer = service.ask(jpeg, std::max(deadline - frame->age(), milliseconds(1)));
        if (answer.status == 503) {  // no slot is free: meanwhile the camera goes on
            ++busy;
            std::this_thread::sleep_for(std::chrono::seconds(answer.wait_s));
        } else if (answer.status == 0 || answer.status == 504 || frame->age() > deadline) {
            ++late;
        } else if (answer.status == 200) {
            ++answered;
            report(*frame, nlohmann::json::parse(answer.body));
        } else {
            const auto problem = nlohmann::json::parse(answer.body, nullptr, false);
            throw std::runtime_error(problem.is_object() ? problem.value("detail", answer.body) : answer.body);
        }
        std::fflush(stdout);
    }
    std::printf("%ld answered, %ld late, %ld refused, %ld dropped; connections: %ld\n", answered, late, busy, dropped,
                service.connections);
}

int main(int count, char** words) {
    if (count != 5) {
        std::fprintf(stderr, "robot SERVICE CAMERA FRAMES DEADLINE_MS\n");
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    try {
        Service service(words[1]);
        Camera camera(words[2]);
        follow(camera, service, std::stoi(words[3]), milliseconds(std::stoi(words[4])));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "robot: %s\n", error.what());
        return 1;
    }
    curl_global_cleanup();
}
